"""What `idp check --output json` said, in short."""

from typing import Any


def outcomes(envelope: dict[str, Any]) -> dict[str, str]:
    """Rule → outcome."""
    points = envelope["data"]["points"]
    return {result["rule"]["id"]: result["outcome"] for point in points for result in point["results"]}


LOCAL = "META-ADDRESS"
"""Warns, as it has to: a test's platform is a folder of this machine, and its placeholders stand."""


def without_local(judged: dict[str, str]) -> set[str]:
    """The outcomes of all rules but `LOCAL`."""
    assert judged[LOCAL] == "failed"
    return {outcome for rule, outcome in judged.items() if rule != LOCAL}
