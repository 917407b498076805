"""Release records: what is written is read back, and nothing else is taken for one."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from idp.core.errors import IdpError, UserError
from idp.releases.record import (
    RECORD_SCHEMA,
    CheckEvidence,
    Provenance,
    ReleaseRecord,
    parse_record,
    record_path,
    record_text,
)
from idp.releases.record_schema import document_fault

SHA = "0123456789abcdef" * 4
PATH = "environments/releases/pay/1.4.0.json"
RECORD = ReleaseRecord(
    "pay",
    "1.4.0",
    f"registry.example.org/pay:1.4.0@sha256:{SHA}",
    SHA[:40],
    "fastapi",
    "v2.1.0",
    datetime(2026, 11, 23, 8, 30, 15, tzinfo=UTC),
    (
        CheckEvidence("unit tests", passed=True, url="https://ci.example.org/1"),
        CheckEvidence("scan", passed=False),
    ),
    f"sha256:{SHA}",
    Provenance("https://github.com/acme/platform/.github/workflows/image.yml@refs/heads/v1"),
)
DOCUMENT = json.loads(record_text(RECORD))
SCHEMA = Draft202012Validator(RECORD_SCHEMA)

texts = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20).filter(
    lambda text: text[0] > " " and text[-1] > " "
)
urls = st.none() | st.from_regex(r"https?://[!-~]{1,20}", fullmatch=True)
records = st.builds(
    ReleaseRecord,
    service=st.just("pay"),
    version=st.just("1.4.0"),
    image=st.just(RECORD.image),
    revision=st.just(RECORD.revision),
    template=st.none() | texts,
    template_version=st.none() | texts,
    built_at=st.datetimes(
        datetime(2000, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
    ),
    checks=st.lists(
        st.builds(CheckEvidence, texts, st.booleans(), urls), unique_by=lambda check: check.name, max_size=5
    ).map(tuple),
    sbom_digest=st.none() | st.just(f"sha256:{SHA}"),
    provenance=st.none() | st.builds(Provenance, texts, urls),
)


@settings(deadline=None)
@given(records)
def test_a_record_is_read_back_and_follows_its_schema(record: ReleaseRecord) -> None:
    text = record_text(record)
    assert parse_record(text, PATH) == record
    assert record_text(parse_record(text, PATH)) == text
    assert SCHEMA.is_valid(json.loads(text))
    assert record.pin.digest == record.digest


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(RECORD_SCHEMA)


def test_the_same_facts_in_another_order_are_the_same_bytes() -> None:
    other = ReleaseRecord(**{**vars(RECORD), "checks": RECORD.checks[::-1]})
    assert record_text(other) == record_text(RECORD)


def without(key: str) -> Callable[[], dict[str, Any]]:
    return lambda: {name: value for name, value in DOCUMENT.items() if name != key}


def changed(**values: Any) -> Callable[[], dict[str, Any]]:
    return lambda: {**DOCUMENT, **values}


BROKEN = {
    **{f"no {key}": without(key) for key in DOCUMENT},
    "an unknown key": changed(extra=1),
    "another schema": changed(schema_version=2),
    "a truth value for a number": changed(schema_version=True),
    "a list for a name": changed(service=["pay"]),
    "a path for a name": changed(service="../pay"),
    "a tag alone": changed(image="pay:1.4.0"),
    "a short revision": changed(revision="abc"),
    "a time with an offset": changed(built_at="2026-11-23T08:30:15+01:00"),
    "no time": changed(built_at="2026-02-30T08:30:15Z"),
    "a check that is neither": changed(checks={"unit": {"state": "skipped"}}),
    "a check with a stray key": changed(checks={"unit": {"state": "passed", "by": "x"}}),
    "a check without a name": changed(checks={"": {"state": "passed"}}),
    "a check's control character": changed(checks={"a\x1b[2J": {"state": "passed"}}),
    "a lone surrogate": changed(template="\ud800"),
    "a script for an address": changed(checks={"unit": {"state": "passed", "url": "javascript:alert(1)"}}),
    "a list of checks": changed(checks=[]),
    "a digest that is none": changed(sbom_digest="sha256:1"),
    "provenance as text": changed(provenance="github"),
    "provenance without a builder": changed(provenance={}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_record_is_refused_by_the_code_and_the_schema(name: str) -> None:
    document = BROKEN[name]()
    with pytest.raises(UserError) as raised:
        parse_record(json.dumps(document).encode(), PATH)
    assert raised.value.code == "release-record-invalid"
    assert raised.value.message.startswith(PATH)
    # Which days a month has is beyond what a pattern says.
    assert name == "no time" or not SCHEMA.is_valid(document)


@pytest.mark.parametrize("key", DOCUMENT)
@pytest.mark.parametrize("value", [None, 0, "", [], {}, True, "x" * 3000], ids=repr)
def test_whatever_the_schema_refuses_the_code_refuses(key: str, value: Any) -> None:
    document = {**DOCUMENT, key: value}
    assert SCHEMA.is_valid(document) or document_fault(document)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b" " * 300_000,
        record_text(RECORD).replace(b'"service"', b'"version": "9.9.9", "service"'),
    ],
    ids=["empty", "cut", "not UTF-8", "list", "null", "deep", "huge", "a key twice"],
)
def test_hostile_bytes_are_an_error(content: bytes) -> None:
    with pytest.raises(UserError) as raised:
        parse_record(content, PATH)
    assert raised.value.code == "release-record-invalid"


@settings(deadline=None)
@given(st.binary(max_size=100))
def test_any_bytes_are_a_record_or_an_error(content: bytes) -> None:
    with pytest.raises(UserError):
        parse_record(content, PATH)


@pytest.mark.parametrize(
    "path", ["environments/releases/pay/1.4.1.json", "environments/releases/shop/1.4.0.json"]
)
def test_a_record_under_another_name_is_refused(path: str) -> None:
    with pytest.raises(UserError, match="not what it is called"):
        parse_record(record_text(RECORD), path)


def test_no_record_can_be_made_that_could_not_be_read() -> None:
    for wrong in (
        {"image": "pay:1"},
        {"service": "PAY"},
        {"checks": (CheckEvidence("a", passed=True), CheckEvidence("a", passed=False))},
        {"template": "a\nb"},
        {"built_at": datetime(2026, 1, 1)},  # noqa: DTZ001 - that it has no zone is the point
    ):
        with pytest.raises(UserError):
            ReleaseRecord(**{**vars(RECORD), **wrong})


def test_a_records_place_is_in_its_folder() -> None:
    assert str(record_path("pay", "1.4.0")) == PATH
    for service, version in (("pay", "../../x"), ("..", "1.4.0"), ("pay", "1.4.0/..")):
        with pytest.raises(IdpError):
            record_path(service, version)
