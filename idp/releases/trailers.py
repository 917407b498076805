"""What idp's commits say of themselves, at the end of their messages."""

import re

_TRAILER = re.compile(r"([A-Za-z][A-Za-z-]*): ?(.*)")
_RULE = re.compile(r"-{3,}")


def trailers(message: str) -> dict[str, str]:
    """The `Idp-…` trailers of a commit, from the paragraphs at its end that hold nothing but trailers.

    A forge that squashes commits adds a rule and a paragraph of its own (`Co-authored-by:`) after idp's.
    """
    found: dict[str, str] = {}
    for paragraph in reversed(re.split(r"\n[ \t]*\n", message.strip())[1:]):
        if _RULE.fullmatch(paragraph):
            continue
        matches = [_TRAILER.fullmatch(line) for line in paragraph.split("\n")]
        if not all(matches):
            break
        told = {match[1]: match[2].strip() for match in matches if match and match[1].startswith("Idp-")}
        found = {**told, **found}
    return found
