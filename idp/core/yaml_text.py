"""YAML of unknown origin as plain values, quickly, without what a hostile file can do to the quick parser."""

from typing import Any

_MOST_OPENINGS = 1000
_OPENINGS = ("[", "{", "-", "?")


def load(text: str | bytes) -> Any:  # noqa: ANN401 - YAML has no narrower type
    """The one document of a text; None for an empty one.

    libyaml's composer recurses in C: a file that nests deeply enough would end the process. What could nest so
    goes to the slower parser, which raises an error instead.

    Raises:
        ValueError: it is no valid YAML, or nests too deeply.
    """
    import yaml

    shown = text if isinstance(text, str) else text.decode(errors="replace")
    quick = sum(map(shown.count, _OPENINGS)) <= _MOST_OPENINGS
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if quick else yaml.SafeLoader
    try:
        return yaml.load(shown, loader)  # noqa: S506 - both loaders are safe ones
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).strip().splitlines()
        raise ValueError(reason[0] if reason else "it is no valid YAML") from error
