"""A generated FastAPI service against a bare FastAPI application under the same server."""
