"""The shape of `environments.yaml`, checked by pydantic; imported only where a chain is parsed."""

from typing import Any

from pydantic import ValidationError

from idp.core.errors import UserError
from idp.core.text import safe
from idp.core.yaml import Document, InvalidYaml, Key, load_with_lines
from idp.environments.chain import Approvals, Chain, Environment, GateSettings, ProvenanceNeeded, Smoke
from idp.environments.chain_model import MODELS, ChainModel, EnvironmentModel, GatesModel
from idp.environments.target import Target

MAX_BYTES = 262_144
_MOST_FAULTS = 5
_HINT = (
    "docs/reference/environments-yaml.md lists every key; `idp env list` shows the chain once it can be read."
)


def chain_of(content: bytes, path: str) -> Chain:
    """See `idp.environments.chain.parse_chain`."""
    document = _document(content, path)
    try:
        model = ChainModel.model_validate(document.value)
    except ValidationError as error:
        raise _invalid(path, document, [(_key(each), _reason(each)) for each in error.errors()]) from error
    faults: list[tuple[Key, str]] = []
    environments: list[Environment] = []
    for position, one in enumerate(model.environments):
        earlier = [environment.name for environment in environments]
        environments.append(_environment(one, position, earlier, faults))
    if faults:
        raise _invalid(path, document, faults)
    return Chain(tuple(environments))


def _document(content: bytes, path: str) -> Document:
    if len(content) > MAX_BYTES:
        raise UserError("environments-invalid", f"{path} has more than {MAX_BYTES} bytes.", _HINT)
    try:
        document = load_with_lines(content)
    except InvalidYaml as error:
        raise UserError("environments-invalid", f"{path}:{error.line}: {safe(str(error))}", _HINT) from error
    if not isinstance(document.value, dict):
        raise UserError("environments-invalid", f"{path}:1: it has no `environments:` list.", _HINT)
    return document


def _environment(
    model: EnvironmentModel, position: int, earlier: list[str], faults: list[tuple[Key, str]]
) -> Environment:
    here: Key = ("environments", position)
    if model.name in earlier:
        faults.append(((*here, "name"), f"there is a {model.name} before it already"))
    smoke = Smoke(model.smoke.path, model.smoke.status) if model.smoke else None
    gates = _gates(model.gates, (*here, "gates"), earlier, faults)
    return Environment(model.name, gates, Target(model.target), smoke, model.context)


def _gates(model: GatesModel, here: Key, earlier: list[str], faults: list[tuple[Key, str]]) -> GateSettings:
    verified_in = model.verified_in
    if verified_in is True:
        verified_in = earlier[-1] if earlier else ""
    if verified_in is False:
        verified_in = None
    if verified_in is not None and verified_in not in earlier:
        known = f"one of {', '.join(earlier)}" if earlier else "none, since this environment is the first"
        faults.append(((*here, "verified_in"), f"it must name an environment before this one: {known}"))
    if model.soak is not None and not earlier:
        faults.append(((*here, "soak"), "nothing can soak before the first environment"))
    soak_in = (verified_in or (earlier[-1] if earlier else None)) if model.soak else None
    return GateSettings(
        checks=model.checks,
        verified_in=verified_in,
        soak=model.soak,
        soak_in=soak_in,
        freeze=tuple(window.window() for window in model.freeze),
        provenance=_provenance(model),
        approvals=Approvals(model.approvals.count, model.approvals.reviewers) if model.approvals else None,
    )


def _provenance(model: GatesModel) -> ProvenanceNeeded | None:
    asked = model.provenance
    return ProvenanceNeeded(asked.builder) if asked and (asked.required or asked.builder) else None


def _invalid(path: str, document: Document, faults: list[tuple[Key, str]]) -> UserError:
    lines = [f"{path}:{_line(document, key)}: {_shown(key)}: {safe(reason)}" for key, reason in faults]
    rest = len(lines) - _MOST_FAULTS
    more = [f"… and {rest} more"] if rest > 0 else []
    return UserError("environments-invalid", "\n".join([*lines[:_MOST_FAULTS], *more]), _HINT)


def _line(document: Document, key: Key) -> int:
    """The line of a key, or of the nearest one around it: a key that is missing has none."""
    while key and key not in document.lines:
        key = key[:-1]
    return document.lines.get(key, 1)


def _shown(key: Key) -> str:
    """`environments[1].gates.soak`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key)
    return safe(text.removeprefix("."))[:200]


def _key(error: Any) -> Key:  # noqa: ANN401 - pydantic's ErrorDetails
    return tuple(error["loc"])


def _reason(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    if error["type"] == "extra_forbidden":
        return f"there is no such key; there are {', '.join(_known(error['loc'][:-1]))}"
    return str(error["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")


def _known(key: Key) -> list[str]:
    """The keys that may stand under a key."""
    names = [part for part in key if isinstance(part, str)]
    model = MODELS.get(names[-1], ChainModel) if names else ChainModel
    return [field.alias or name for name, field in model.model_fields.items()]
