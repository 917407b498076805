"""Errors as RFC 9457 problem documents, for every failure that a client can see."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from app.request_context import current

MEDIA_TYPE = "application/problem+json"
_TITLES = {413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 422: "Unprocessable Content"}
"""RFC 9110's names where those of `http.HTTPStatus` depend on Python's version."""


class InvalidField(BaseModel):
    """One thing wrong with the request; never the value that was sent."""

    location: str = Field(examples=["body.name"])
    message: str = Field(examples=["Field required"])


class Problem(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field("about:blank", description="URI of the kind of problem")
    title: str = Field(examples=["Not Found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no item 7."])
    instance: str = Field(description="Path of the request", examples=["/items/7"])
    request_id: str = Field(examples=["4bf92f3577b34da6a3ce929d0e0e4736"])
    errors: list[InvalidField] | None = Field(None, description="Only with status 422")


def problem(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None, **extra: object
) -> Response:
    """A problem document as a response.

    Args:
        request: the request that failed.
        status: HTTP status.
        detail: what the client should know; nothing internal.
        headers: further response headers.
        extra: further members of the document.
    """
    context = current.get()
    document = {
        "type": "about:blank",
        "title": _title(status),
        "status": status,
        "detail": detail,
        "instance": quote(request.scope["path"]),
        "request_id": context.request_id if context else "",
        **extra,
    }
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)


def _title(status: int) -> str:
    return _TITLES.get(status) or _phrase(status) or "Error"


def _phrase(status: int) -> str:
    """Python's own name of a status, empty if it knows none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    if error.status_code < HTTPStatus.BAD_REQUEST:
        return Response(status_code=error.status_code, headers=error.headers)
    detail = str(error.detail)
    if detail == _phrase(error.status_code):  # what Starlette says where nobody gave a detail
        detail = _title(error.status_code)
    return problem(request, error.status_code, detail, error.headers)


async def _invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    errors = [
        {"location": ".".join(str(part) for part in item["loc"]), "message": item["msg"]} for item in error.errors()
    ]
    return problem(request, 422, "The request is not valid.", errors=errors)


async def _unhandled(request: Request, _error: Exception) -> Response:
    return problem(request, 500, "The service failed to handle the request. Quote the request ID when you report it.")


def response_docs(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI `responses` that document problems: `responses=response_docs(404)`."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": _title(status), "content": {MEDIA_TYPE: schema}} for status in statuses}


def install(app: FastAPI) -> None:
    """Answer every error of an application with a problem document, and document it."""
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(Exception, _unhandled)

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
            )
            components = schema.setdefault("components", {}).setdefault("schemas", {})
            definition = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            components |= definition.pop("$defs", {})
            components["Problem"] = definition
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the schema
