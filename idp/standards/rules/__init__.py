"""The standards that a service's files are held to, one module per subject."""
