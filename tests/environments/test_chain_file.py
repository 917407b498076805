"""environments.yaml: typed, with a line and a key for everything that is wrong."""

import re
import subprocess
import sys
from datetime import datetime, time, timedelta

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from idp.core.errors import UsageError, UserError
from idp.core.yaml import InvalidYaml, load_with_lines
from idp.environments.chain import Approvals, Environment, GateSettings, ProvenanceNeeded, Smoke, parse_chain
from idp.environments.chain_model import ChainModel
from idp.environments.freeze_window import SingleWindow, WeeklyWindow
from idp.environments.target import Target
from tests.support import ROOT

FULL = b"""\
# who may go where
environments:
  - name: dev
  - name: staging
    gates: {checks: all, verified_in: true}
  - name: prod
    target: kubernetes
    context: prod-eu
    smoke: {path: /items, status: 204}
    gates:
      checks: [unit, "scan"]
      verified_in: dev
      soak: 1d1h30m
      freeze:
        - reason: weekend
          time_zone: Europe/Berlin
          days: [fri, sat]
          from: 16:00
          to: 8:00
        - reason: Christmas
          time_zone: America/New_York
          from: 2026-12-23T18:00
          to: 2027-01-02 08:00
      provenance: {builder: "https://github.com/acme/*"}
      approvals: {count: 2, reviewers: [ann, bob@example.org]}
"""


def test_every_key_is_read() -> None:
    chain = parse_chain(FULL.replace(b"8:00\n        - ", b"08:00\n        - "))
    assert chain.names == ("dev", "staging", "prod")
    assert chain.first == chain.environments[0] == Environment("dev")
    assert chain.get("staging").gates == GateSettings(checks="all", verified_in="dev")
    weekend = WeeklyWindow(frozenset({4, 5}), time(16), time(8), "Europe/Berlin", "weekend")
    christmas = SingleWindow(
        datetime(2026, 12, 23, 18),  # noqa: DTZ001 - a wall clock's time
        datetime(2027, 1, 2, 8),  # noqa: DTZ001
        "America/New_York",
        "Christmas",
    )
    gates = GateSettings(
        checks=("unit", "scan"),
        verified_in="dev",
        soak=timedelta(days=1, hours=1, minutes=30),
        soak_in="dev",
        freeze=(weekend, christmas),
        provenance=ProvenanceNeeded("https://github.com/acme/*"),
        approvals=Approvals(2, ("ann", "bob@example.org")),
    )
    assert chain.get("prod") == Environment("prod", gates, Target.KUBERNETES, Smoke("/items", 204), "prod-eu")
    assert chain.previous("dev") is None
    assert chain.previous("prod") == chain.get("staging")
    with pytest.raises(UsageError, match="no environment 'qa'"):
        chain.previous("qa")


def test_a_soak_without_verified_in_counts_in_the_environment_before() -> None:
    chain = parse_chain(b"environments: [{name: dev}, {name: qa}, {name: prod, gates: {soak: 2h}}]")
    assert (chain.get("prod").gates.soak_in, chain.get("prod").gates.verified_in) == ("qa", None)


def test_a_gate_that_is_switched_off_is_open() -> None:
    text = (
        b"environments: [{name: dev, gates: {verified_in: false, provenance: {required: false}, freeze: []}}]"
    )
    assert parse_chain(text).first.gates == GateSettings()


@pytest.mark.parametrize("asked", ["{}", "{required: true}"])
def test_provenance_by_anybody_can_be_asked_for(asked: str) -> None:
    chain = parse_chain(f"environments: [{{name: dev, gates: {{provenance: {asked}}}}}]".encode())
    assert chain.first.gates.provenance == ProvenanceNeeded()


def test_gates_that_are_all_commented_out_are_open() -> None:
    text = b"environments:\n  - name: dev\n    gates:\n      # checks: all\n"
    assert parse_chain(text).first == Environment("dev")


PAGES = sorted((ROOT / "docs").rglob("*.md"))


def test_every_example_of_the_pages_is_a_chain() -> None:
    examples = [
        example
        for page in PAGES
        for example in re.findall(
            r"^```yaml\n(environments:\n.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE
        )
    ]
    assert len(examples) >= 2
    for each in examples:
        assert parse_chain(each.encode()).names[0] == "dev"


def gates(text: str) -> str:
    return f"environments:\n  - name: dev\n  - name: prod\n    gates:\n      {text}\n"


WRONG = {
    "empty": ("", 1, "environments"),
    "a list": ("[]", 1, "environments"),
    "no environments": ("schema_version: 1", 1, "environments: "),
    "none in the list": ("environments: []", 1, "environments: "),
    "a name alone": ("environments: [dev]", 1, "environments[0]: "),
    "another schema": ("schema_version: 2\nenvironments: [{name: dev}]", 1, "schema_version: "),
    "unknown key": ("environments:\n  - name: dev\n    gate: {}", 3, "environments[0].gate: there is no such key"),
    "unknown key at the top": ("envs: 1\nenvironments: [{name: dev}]", 1, "envs: there is no such key"),
    "no name": ("environments:\n  - target: compose", 2, "environments[0].name: "),
    "reserved name": ("environments: [{name: base}]", 1, "environments[0].name: environments/base has a purpose"),
    "a path for a name": ("environments: [{name: ../x}]", 1, "environments[0].name: "),
    "upper case": ("environments: [{name: Prod}]", 1, "environments[0].name: "),
    "a word of YAML": ("environments: [{name: 'no'}]", 1, "environments[0].name: "),
    "a number for a name": ("environments: [{name: 1}]", 1, "environments[0].name: "),
    "the same name twice": ("environments:\n  - name: dev\n  - name: dev", 3, "environments[1].name: "),
    "a key twice": ("environments:\n  - name: dev\n    name: qa", 3, "'name' occurs twice"),
    "target": ("environments: [{name: dev, target: swarm}]", 1, "environments[0].target: "),
    "smoke path": ("environments: [{name: dev, smoke: {path: //evil}}]", 1, "environments[0].smoke.path: "),
    "smoke status": ("environments: [{name: dev, smoke: {path: /, status: 99}}]", 1, "environments[0].smoke.status"),
    "hold": (gates("hold: true"), 5, "environments[1].gates.hold: there is no such key"),
    "checks: a word": (gates("checks: some"), 5, "environments[1].gates.checks: "),
    "checks: none": (gates("checks: []"), 5, "environments[1].gates.checks: "),
    "checks: a number": (gates("checks: [1]"), 5, "environments[1].gates.checks: "),
    "verified in a later one": (gates("verified_in: prod"), 5, "environments[1].gates.verified_in: "),
    "verified in none": (gates("verified_in: [dev]"), 5, "environments[1].gates.verified_in: "),
    "nothing is before the first": (
        "environments: [{name: dev, gates: {verified_in: true}}]", 1, "environments[0].gates.verified_in: ",
    ),
    "no soak before the first": ("environments: [{name: dev, gates: {soak: 1h}}]", 1, "environments[0].gates.soak: "),
    "soak: a number": (gates("soak: 90"), 5, "environments[1].gates.soak: write a duration"),
    "soak: nothing": (gates("soak: ''"), 5, "environments[1].gates.soak: "),
    "soak: zero": (gates("soak: 0h"), 5, "environments[1].gates.soak: "),
    "soak: wrong order": (gates("soak: 30m1h"), 5, "environments[1].gates.soak: "),
    "soak: years": (gates("soak: 366d"), 5, "environments[1].gates.soak: "),
    "no zone": (gates("freeze: [{reason: x, days: [mon]}]"), 5, "environments[1].gates.freeze[0].time_zone: "),
    "an unknown zone": (
        gates("freeze: [{reason: x, days: [mon], time_zone: Europe/Atlantis}]"), 5, "freeze[0].time_zone: ",
    ),
    "a zone that is a path": (
        gates("freeze: [{reason: x, days: [mon], time_zone: ../../../etc/passwd}]"), 5, "freeze[0].time_zone: ",
    ),
    "no reason": (gates("freeze: [{days: [mon], time_zone: UTC}]"), 5, "freeze[0].reason: "),
    "a day that is none": (gates("freeze: [{reason: x, days: [mo], time_zone: UTC}]"), 5, "freeze[0].days[0]: "),
    "no day": (gates("freeze: [{reason: x, days: [], time_zone: UTC}]"), 5, "freeze[0].days: "),
    "a time that is none": (
        gates("freeze: [{reason: x, days: [mon], time_zone: UTC, from: 25:00}]"), 5, "freeze[0]: `from` of a weekly",
    ),
    "no length": (
        gates("freeze: [{reason: x, days: [mon], time_zone: UTC, from: 10:00, to: 10:00}]"), 5, "freeze[0]: ",
    ),
    "a date in a weekly window": (
        gates("freeze: [{reason: x, days: [mon], time_zone: UTC, from: 2026-01-01T10:00}]"), 5, "freeze[0]: ",
    ),
    "a time in a single window": (gates("freeze: [{reason: x, time_zone: UTC, from: 10:00}]"), 5, "freeze[0]: "),
    "a day that no month has": (
        gates("freeze: [{reason: x, time_zone: UTC, from: 2026-02-30T10:00, to: 2026-03-01T10:00}]"), 5, "freeze[0]: ",
    ),
    "an end before its beginning": (
        gates("freeze: [{reason: x, time_zone: UTC, from: 2026-03-02T10:00, to: 2026-03-01T10:00}]"), 5, "freeze[0]: ",
    ),
    "a truth value for a number": (gates("approvals: {count: true}"), 5, "approvals.count: "),
    "no approval": (gates("approvals: {count: 0}"), 5, "approvals.count: "),
    "too few reviewers": (gates("approvals: {count: 2, reviewers: [ann, ANN]}"), 5, "approvals: there are fewer"),
    "a yes for provenance": (gates("provenance: {required: 'yes'}"), 5, "provenance.required: "),
    "a tag that makes objects": (gates("checks: !!python/object:os.system x"), 5, "means nothing here"),
    "several documents": ("environments: [{name: dev}]\n---\na: 1", 2, "document"),
    "a list for a key": ("a: 1\n? [b]\n: 1", 2, "a key is no text"),
    "broken": ("environments: [", 1, "expected"),
    "an alias to itself": ("environments: &a [*a]", 1, "nests too deeply"),
    "deep": ("[" * 5000, 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_by_line_and_key(name: str) -> None:
    text, line, words = WRONG[name]
    with pytest.raises(UserError) as raised:
        parse_chain(text.encode(), "environments.yaml")
    assert raised.value.code == "environments-invalid"
    assert raised.value.message.startswith(f"environments.yaml:{line}: ")
    assert words in raised.value.message
    assert raised.value.hint


def test_aliases_cannot_make_a_small_file_large() -> None:
    laughs = ["environments:", "a: &a [x,x,x,x,x,x,x,x,x]"]
    laughs += [
        f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    with pytest.raises(UserError, match="too large"):
        parse_chain("\n".join(laughs).encode())


@pytest.mark.parametrize(
    "content", [b"\xff", b"a: \0", b"x" * 300_000], ids=["not UTF-8", "a zero byte", "huge"]
)
def test_hostile_bytes_are_an_error(content: bytes) -> None:
    with pytest.raises(UserError, match=r"environments\.yaml(:1: .+| has more than 262144 bytes\.)"):
        parse_chain(content)


@settings(deadline=None)
@example(b"environments: [{name: d},{name: p}]")
@given(st.binary(max_size=80) | st.text("-:[]{}&*!|> \n#ab'\"1", max_size=40).map(str.encode))
def test_any_bytes_are_a_chain_or_an_error(content: bytes) -> None:
    try:
        chain = parse_chain(content)
    except UserError:
        return
    named = [each["name"] for each in yaml.safe_load(content)["environments"]]
    assert list(chain.names) == named != []


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text("abc: #'\"-16\n", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(values)
def test_plain_values_are_what_another_reader_of_yaml_says(value: object) -> None:
    assert load_with_lines(yaml.safe_dump(value).encode()).value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("16:00", "16:00"),
        ("no", "no"),
        ("on", "on"),
        ("2026-12-24", "2026-12-24"),
        ("010", "010"),
        ("1.5", "1.5"),
    ],
)
def test_what_another_reader_would_turn_into_a_surprise_stays_text(text: str, value: object) -> None:
    assert load_with_lines(text.encode()).value == value


def test_the_line_of_a_fault_is_that_of_the_file() -> None:
    with pytest.raises(InvalidYaml) as raised:
        load_with_lines(b"a: 1\nb: \xff")
    assert raised.value.line == 2


def test_the_schema_takes_the_full_file() -> None:
    schema = ChainModel.model_json_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(load_with_lines(FULL).value)
    assert not Draft202012Validator(schema).is_valid({"environments": [{"name": "dev", "gate": {}}]})


def test_reading_a_pin_waits_for_no_heavy_library() -> None:
    program = (
        "import sys, idp.environments.pin, idp.environments.chain, idp.releases.gates, idp.releases.promotion_model;"
        "print(sorted({'pydantic', 'yaml', 'copier', 'packaging'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
