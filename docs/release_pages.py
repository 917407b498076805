"""The reference pages of environments.yaml and the release record, made from what checks the files."""

import json
from typing import Any

from pydantic import BaseModel

from idp.environments.chain_model import MODELS, ChainModel
from idp.releases.record import RECORD_SCHEMA

_WHERE = {
    "environments": "An environment: an item of `environments`",
    "gates": "`gates` of an environment",
    "freeze": "A freeze window: an item of `gates.freeze`",
    "provenance": "`gates.provenance`",
    "approvals": "`gates.approvals`",
    "smoke": "`smoke` of an environment",
}
_INTRO = """# environments.yaml

`environments/environments.yaml` holds the chain of environments, in the order that a release passes through them, and
the [gates](gates.md) before each. It is yours: edit it by hand, or with `idp env add|remove`, which keeps your comments
and your order. Unknown keys are refused, and every error names line and key:

```text
environments/environments.yaml:12: environments[2].gates.soak: write a duration such as 1h30m, 45m or 2d, …
```

An editor checks it as you type with [environments.schema.json](environments.schema.json):
`# yaml-language-server: $schema=…/environments.schema.json` as the first line.

Scalars are what they look like, without YAML 1.1's surprises: unquoted `true`, `false`, `null` and whole numbers are
that, and everything else is text; `16:00` and `no` too. A key that occurs twice is an error.

```yaml
environments:
  - name: dev
  - name: staging
    gates:
      checks: all
      verified_in: true
  - name: prod
    target: kubernetes
    context: prod-eu
    smoke: {path: /items, status: 200}
    gates:
      checks: [unit, scan]
      verified_in: true
      soak: 1h30m
      freeze:
        - reason: nobody is there at the weekend
          time_zone: Europe/Berlin
          days: [fri]
          from: "16:00"
        - reason: stocktaking
          time_zone: Europe/Berlin
          from: 2026-12-30T18:00
          to: 2027-01-02T08:00
      provenance: {builder: "https://github.com/acme/*"}
      approvals: {count: 1, reviewers: [ann, bob]}
```
"""


def environments_markdown(generated: str) -> str:
    """The page of environments.yaml; `generated`: the comment that says so."""
    parts = [generated, _INTRO, "## The file", "", *_model_table(ChainModel)]
    for key, model in MODELS.items():
        parts += ["", f"## {_WHERE[key]}", "", *_model_table(model)]
    return "\n".join([*parts, ""])


def environments_schema() -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **ChainModel.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def record_markdown(generated: str) -> str:
    """The page of the release record."""
    properties: dict[str, Any] = RECORD_SCHEMA["properties"]
    rows = [
        f"| `{key}` | {_shape(value)} | {value.get('description', '')} |" for key, value in properties.items()
    ]
    return "\n".join(
        [generated, _RECORD_INTRO, "| key | value | meaning |", "|---|---|---|", *rows, _RECORD_END]
    )


def record_schema() -> str:
    return json.dumps(RECORD_SCHEMA, indent=2, ensure_ascii=False) + "\n"


_RECORD_INTRO = """# The release record

`environments/releases/<service>/<version>.json`: what is known of a release, the evidence that [gates](gates.md) judge.
`idp release` writes it once; neither `idp` nor you rewrite it. The same release again changes nothing; another image
under the same version is refused. Every key is there; what is not known is `null`. The file names the service and
version that it is called by. It vouches for one image of one revision, and for nothing else.

[release-record.schema.json](release-record.schema.json) is its JSON Schema.
"""
_RECORD_END = """
`checks` maps the name of a check to `{"state": "passed"|"failed", "url": …}`; `provenance` is
`{"builder": …, "url": …}`. A `url` that is not known is left out. What the pipeline reports is believed: let nobody but
the pipeline write here (a branch rule, and `CODEOWNERS` on `environments/releases/`).
"""


def _shape(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(_shape(part) for part in schema["anyOf"])
    kind = schema["type"]
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def _model_table(model: type[BaseModel]) -> list[str]:
    schema = model.model_json_schema()
    required = schema.get("required", [])
    rows = [
        f"| `{key}` | {'yes' if key in required else _default(value)} | {value.get('description', '')} |"
        for key, value in schema["properties"].items()
    ]
    return [
        str(schema.get("description", "")),
        "",
        "| key | required, or else | meaning |",
        "|---|---|---|",
        *rows,
    ]


def _default(schema: dict[str, Any]) -> str:
    default = schema.get("default")
    if default is None or default in ([], {}) or isinstance(default, dict):
        return "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"
