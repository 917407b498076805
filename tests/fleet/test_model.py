"""What the fleet's commands decide: selection, shards, addresses, hostile catalog entries, the verdict."""

from collections.abc import Sequence

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from idp.core.errors import UsageError
from idp.environments import files as environment_files
from idp.environments.catalog import parse_entry
from idp.fleet import status_model as fleet_status
from idp.fleet.model import FleetEntry, FleetState, fleet_report, verdict
from idp.fleet.selection import FIELDS, parse_selection, parse_shard
from idp.git.addresses import shown_address
from idp.services.update_model import Action, FileChange, OwnTests, OwnTestsState, State, UpdateReport
from idp.services.update_pull_request import body

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True)
WORDS = st.text(st.characters(blacklist_characters="*?[],=!", blacklist_categories=["Cs"]), max_size=12).map(
    str.strip
)
ENTRY = {"name": "pay", "repository": "https://example.org/acme/pay.git", "template": "fastapi"}


@given(st.sets(NAMES, max_size=60), st.integers(1, 12))
def test_every_service_is_in_exactly_one_shard_whatever_the_others_are(names: set[str], count: int) -> None:
    shards = [parse_shard(f"{index}/{count}") for index in range(1, count + 1)]
    for name in names:
        assert sum(shard.holds(name) for shard in shards) == 1


@pytest.mark.parametrize(
    "text", ["", "0/3", "4/3", "1/0", "1", "1/2/3", "-1/3", "a/b", "1/9999999", "\u0661/\u0663"]
)
def test_what_is_no_shard_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="shard"):
        parse_shard(text)


@given(
    st.dictionaries(st.sampled_from(FIELDS), WORDS),
    st.dictionaries(st.sampled_from(FIELDS), WORDS, min_size=1),
)
def test_conditions_all_hold_and_a_negated_one_is_the_opposite(
    fields: dict[str, str], asked: dict[str, str]
) -> None:
    conditions = [f"{name}={value}" for name, value in asked.items()]
    expected = all(fields.get(name, "") == value for name, value in asked.items())
    assert parse_selection([",".join(conditions)]).selects(dict(fields)) is expected
    for condition in conditions:
        positive = parse_selection([condition]).selects(dict(fields))
        assert parse_selection([condition.replace("=", "!=", 1)]).selects(dict(fields)) is not positive


@given(
    st.dictionaries(st.sampled_from(FIELDS), WORDS), st.lists(st.sampled_from(FIELDS), min_size=1, max_size=4)
)
def test_another_expression_is_or(fields: dict[str, str], names: list[str]) -> None:
    expressions = [f"{name}=a*" for name in names]
    either = any(parse_selection([one]).selects(dict(fields)) for one in expressions)
    assert parse_selection(expressions).selects(dict(fields)) is either


def test_the_wildcards_are_the_shells() -> None:
    fields: dict[str, str | None] = {"name": "pay-api", "owner": "@acme/team", "template": "fastapi"}
    assert parse_selection(["template=fastapi,owner=@acme/*,name=pay-*"]).selects(fields)
    assert parse_selection(["name=PAY-*", "name=p?y-[a-c]*"]).selects(fields)
    assert not parse_selection(["name=PAY-*"]).selects(fields)
    assert not parse_selection(["owner!=@acme/*"]).selects(fields)
    assert parse_selection([]).selects({"name": "anything"})


@pytest.mark.parametrize("text", ["", "colour=red", "name", "name=a,", "=a", "name==", "Name=a"])
def test_a_wrong_field_is_a_usage_error_that_names_the_right_ones(text: str) -> None:
    if text == "name==":
        assert parse_selection([text]).selects({"name": "="})
        return
    with pytest.raises(UsageError) as raised:
        parse_selection([text])
    assert "template_version" in raised.value.hint


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/acme/pay.git",
        "https://user:word@example.org:8443/acme/pay.git",
        "ssh://git@example.org/acme/pay.git",
        "git@example.org:acme/pay.git",
        "file:///srv/git/pay.git",
        "/srv/git/pay.git",
    ],
)
def test_a_git_url_or_an_absolute_path_is_a_repository(address: str) -> None:
    assert parse_entry("pay", yaml.safe_dump({**ENTRY, "repository": address}).encode()).failure is None


@pytest.mark.parametrize(
    "address",
    [
        "ext::sh -c touch% /tmp/owned",
        "ext::sh",
        "fd::17",
        "transport::https://example.org/x",
        "-u touch /tmp/owned",
        "--upload-pack=touch",
        "../relative.git",
        "relative.git",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-user@host/x",
        "-oProxyCommand=x:y",
        "host:-option",
        "https://",
        "https:///path",
        "file://host/path",
        "git://example.org/x",
        "ftp://example.org/x",
        "https://exa mple.org/x",
        "/srv/a\nb",
        "/srv/\x00",
        "http://[::1",
        "",
    ],
)
def test_anything_else_never_reaches_git(address: str) -> None:
    content = yaml.safe_dump({**ENTRY, "repository": address}).encode()
    listed = parse_entry("pay", content)
    assert listed.entry is None
    assert listed.failure is not None
    assert listed.failure.code in {"repository-address-invalid", "catalog-entry-invalid"}


@given(st.binary(max_size=300))
def test_any_bytes_are_an_entry_or_a_failure_of_that_service_alone(content: bytes) -> None:
    listed = parse_entry("pay", content)
    assert (listed.entry is None) != (listed.failure is None)
    assert listed.fields["name"] == "pay"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("../../etc", {**ENTRY, "name": "../../etc"}),
        ("pay", {**ENTRY, "name": "other"}),
        ("pay", {**ENTRY, "name": 7}),
        ("pay", {**ENTRY, "template": None}),
        ("pay", {**ENTRY, "owner": ["@acme"]}),
        ("Pay", {**ENTRY, "name": "Pay"}),
        ("con", {**ENTRY, "name": "con"}),
        ("pay", [ENTRY]),
        ("pay", {**ENTRY, "description": "x" * 70000}),
    ],
)
def test_an_entry_that_lies_about_itself_is_a_failure(name: str, content: object) -> None:
    assert parse_entry(name, yaml.safe_dump(content).encode()).failure is not None


def test_yaml_that_nests_without_end_is_a_failure() -> None:
    for nested in (b"[" * 60000, b"{a: " * 15000, b"- " * 30000, b"? " * 30000, b"a:\n" + b" -\n" * 20000):
        assert parse_entry("pay", nested).failure is not None
    deeper = b"".join(b" " * level + b"a:\n" for level in range(300))
    assert parse_entry("pay", deeper).failure is not None
    assert parse_entry("pay", b"a: !!python/object/apply:os.system ['true']").failure is not None


def test_credentials_of_an_address_are_never_shown() -> None:
    assert "word" not in shown_address("https://user:word@example.org/acme/pay.git")


TESTS = st.sampled_from([None, *OwnTestsState])


@given(st.lists(st.tuples(st.sampled_from(list(FleetState)), TESTS)))
def test_failing_tests_outweigh_conflicts_and_these_what_is_unreachable(
    outcomes: Sequence[tuple[FleetState, OwnTestsState | None]],
) -> None:
    entries = [
        FleetEntry(f"s{number}", state, tests=OwnTests(tests, "make") if tests else None)
        for number, (state, tests) in enumerate(outcomes)
    ]
    error = verdict(fleet_report("p", entries, (), dry_run=True))
    states = {state for state, _ in outcomes}
    if OwnTestsState.FAILED in {tests for _, tests in outcomes}:
        expected = 13
    elif FleetState.CONFLICTS in states:
        expected = 12
    else:
        expected = 0
    assert (int(error.exit_code) if error else 0) == expected


@given(st.lists(st.text(max_size=40), max_size=5), st.text(max_size=60), st.text(max_size=30))
def test_nothing_in_a_pull_request_can_close_its_code_block(
    changelog: list[str], output: str, path: str
) -> None:
    report = UpdateReport("s", "t", "v1", "v2", State.CLEAN, (FileChange(path, Action.ADDED),))
    text = body(report, ["``` @team", *changelog], OwnTests(OwnTestsState.FAILED, "make", output))
    fence = ""
    outside = []
    for line in text.splitlines():
        ticks = line[: len(line) - len(line.lstrip("`"))]
        if not fence and len(ticks) >= 3:
            fence = ticks
        elif fence and line == fence:
            fence = ""
        elif not fence:
            outside.append(line)
    assert not fence
    assert "@team" not in "\n".join(outside)


@pytest.mark.parametrize(
    ("version", "behind"),
    [("v1.0.0", 2), ("v1.1.0-3-gabc1234", 1), ("v2.0.0", 0), ("main", None), (None, None)],
)
def test_a_service_is_behind_by_the_releases_that_are_newer(version: str | None, behind: int | None) -> None:
    assert fleet_status.behind(version, ["v1.0.0", "v1.1.0", "v2.0.0", "v2.1.0rc1", "nightly"]) == behind


def test_environments_come_in_the_chains_order_then_by_name() -> None:
    pins = {f"{name}/pay/release.env": b"" for name in ("prod", "dev", "edge")}
    assert environment_files.environment_names(pins) == ["dev", "edge", "prod"]
    ordered = {**pins, "environments.yaml": b"environments: [{name: dev}, {name: prod}]"}
    assert environment_files.environment_names(ordered) == ["dev", "prod", "edge"]
    assert environment_files.environment_names(
        {"environments.yaml": b"environments: {dev: {}, prod: {}}"}
    ) == ["dev", "prod"]
    assert environment_files.environment_names({"environments.yaml": b"[: bad"}) == []


@given(st.binary(max_size=200))
def test_any_bytes_are_a_release_or_none(content: bytes) -> None:
    found = fleet_status.releases("pay", ["dev"], {"dev/pay/release.env": content})
    assert set(found) <= {"dev"}
    assert fleet_status.releases(
        "pay", ["dev"], {"dev/pay/release.env": b"# c\nRELEASE_VERSION=1.2.3\r\n"}
    ) == {"dev": "1.2.3"}
