"""Text of unknown origin, made safe to show."""

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe(text: str) -> str:
    """Text of unknown origin without characters that would steer a terminal or reorder what it shows."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)
