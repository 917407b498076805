"""What `idp check --output json` said, in short."""

from typing import Any


def outcomes(envelope: dict[str, Any]) -> dict[str, str]:
    """Rule → outcome."""
    points = envelope["data"]["points"]
    return {result["rule"]["id"]: result["outcome"] for point in points for result in point["results"]}
