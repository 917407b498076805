"""A promotion's plan, its commit message and its pull request, whatever the texts in them are."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from idp.core.errors import ExitCode
from idp.core.markdown import block, code, link
from idp.environments.chain import Environment
from idp.forges.pull_request import is_branch
from idp.releases.gates.model import GateResult, GateState, Unreadable
from idp.releases.promotion_model import (
    Action,
    Blocked,
    PromotionPlan,
    Unchanged,
    plan,
    promotion_branch,
    promotion_message,
)
from idp.releases.promotion_pull_request import SourceCommit, gates_table, pull_request_text
from idp.releases.record import CheckEvidence, Provenance, ReleaseRecord
from idp.releases.trailers import trailers
from tests.releases.fact_cases import FACTS, NOW, PRESENT, PROD, RECORD, RELEASE, facts, hold

PLAN = PromotionPlan(Action.PROMOTE, "pay", "prod", "staging", RELEASE, PRESENT, reason="a fix")
COMMITS = [
    SourceCommit("1" * 40, "fix: no order is lost", "Ann"),
    SourceCommit("2" * 40, "feat: refunds", "Bob"),
]


def decided(known: object = FACTS, *, may_wait: bool = False, action: Action = Action.PROMOTE) -> object:
    return plan(PROD, known, source="staging", may_wait=may_wait, action=action, reason="a fix")  # type: ignore[arg-type]


def test_what_passes_every_gate_is_planned() -> None:
    found = decided()
    assert isinstance(found, PromotionPlan)
    assert found == replace(PLAN, results=found.results)
    assert str(found.path) == "environments/prod/pay/release.env"
    assert not found.waits


def test_what_is_pinned_already_needs_nothing_not_even_a_gate() -> None:
    known = facts(present=RELEASE, holds=(hold(),))
    assert decided(known) == Unchanged("pay", "prod", RELEASE)


def test_a_pull_request_may_wait_and_a_merge_may_not() -> None:
    known = facts(reviews=None, head=None)
    waiting = decided(known, may_wait=True)
    assert isinstance(waiting, PromotionPlan)
    assert waiting.waits
    assert isinstance(decided(known), Blocked)
    assert isinstance(decided(replace(known, holds=(hold(),)), may_wait=True), Blocked)


def test_a_block_says_which_gates_and_what_to_do() -> None:
    found = decided(facts(holds=(hold(),), reviews=()))
    assert isinstance(found, Blocked)
    error = found.error
    assert (error.code, error.exit_code) == ("gate-blocked", ExitCode.GATE_BLOCKED)
    assert "hold failed: 1.4.0 is held from prod" in error.message
    assert "approvals pending" in error.message
    assert "checks" not in error.message
    assert "--explain" in error.hint


def test_a_block_that_only_time_lifts_says_when() -> None:
    found = decided(facts(good_marks=(replace(FACTS.good_marks[0], at=NOW),)))  # type: ignore[index]
    assert isinstance(found, Blocked)
    assert found.error.hint.endswith("again after 2026-11-23 11:00 UTC.")


def test_a_block_that_needs_people_as_well_as_time_says_no_time() -> None:
    marks = (replace(FACTS.good_marks[0], at=NOW),)  # type: ignore[index]
    found = decided(facts(good_marks=marks, reviews=()))
    assert isinstance(found, Blocked)
    assert "after" not in found.error.hint
    assert "--explain" in found.error.hint


def test_a_pin_that_cannot_be_read_blocks() -> None:
    found = decided(facts(present=Unreadable("environments/prod/pay/release.env:2: no key")), may_wait=True)
    assert isinstance(found, Blocked)
    assert (found.results[0].name, found.results[0].state) == ("pin", GateState.ERRORED)
    assert "release.env:2" in found.error.message


def test_a_rollback_waits_for_nothing_but_is_stopped_by_a_hold() -> None:
    nothing = facts(record=None, good_marks=(), reviews=None, head=None, authors=())
    found = decided(nothing, action=Action.ROLLBACK)
    assert isinstance(found, PromotionPlan)
    assert [result.name for result in found.results] == ["hold"]
    assert isinstance(decided(replace(nothing, holds=(hold(),)), action=Action.ROLLBACK), Blocked)


@pytest.mark.parametrize(
    ("action", "title"),
    [
        (Action.RELEASE, "chore(prod): release pay from 1.3.0 to 1.4.0"),
        (Action.PROMOTE, "chore(prod): promote pay from 1.3.0 to 1.4.0"),
        (Action.ROLLBACK, "chore(prod): roll back pay from 1.3.0 to 1.4.0"),
    ],
)
def test_the_commit_says_what_moved(action: Action, title: str) -> None:
    message = promotion_message(replace(PLAN, action=action))
    assert message == (
        f"{title}\n\nIdp-Action: {action}\nIdp-Service: pay\nIdp-Environment: prod\n"
        "Idp-Release: 1.4.0\nIdp-From: 1.3.0\nIdp-Reason: a fix\n"
    )


def test_what_is_not_there_is_left_out_of_the_message() -> None:
    message = promotion_message(replace(PLAN, present=None, reason=""))
    assert message.startswith("chore(prod): promote pay to 1.4.0\n")
    assert set(trailers(message)) == {"Idp-Action", "Idp-Service", "Idp-Environment", "Idp-Release"}


@settings(deadline=None)
@given(st.text())
def test_no_reason_forges_a_trailer(reason: str) -> None:
    message = promotion_message(replace(PLAN, reason=reason))
    found = trailers(message)
    assert (found["Idp-Action"], found["Idp-Release"]) == ("promote", "1.4.0")
    assert len(message.split("\n")) <= 9
    message.encode()


@settings(deadline=None)
@given(st.from_regex(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?", fullmatch=True))
def test_the_branch_is_one(name: str) -> None:
    assert is_branch(promotion_branch(name, name))


def test_the_pull_request_says_all_that_a_reviewer_asks() -> None:
    results = decided().results  # type: ignore[attr-defined]
    text = pull_request_text(replace(PLAN, results=results), record=RECORD, commits=COMMITS, by="ann")
    assert text.title == "chore(prod): promote pay from 1.3.0 to 1.4.0"
    for words in (
        "Promotes **pay** `1.4.0` to **prod**, as it runs in **staging**. Asked for by `ann`.",
        "Reason: `a fix`",
        f"| image | `{PRESENT.image}` | `{RELEASE.image}` |",
        "111111111111 fix: no order is lost (Ann)",
        "| soak | ✅ passed |",
        "| `unit` | ✅ passed |",
        "Only `environments/prod/pay/release.env` changes.",
    ):
        assert words in text.body, words


@pytest.mark.parametrize(
    ("present", "commits", "words"),
    [
        (None, COMMITS, "It is the first release here."),
        (PRESENT, None, "could not be read here"),
        (PRESENT, [], "both releases are of the same source"),
    ],
)
def test_commits_that_are_not_known_are_not_made_up(present: object, commits: object, words: str) -> None:
    text = pull_request_text(replace(PLAN, present=present), record=None, commits=commits, by="ann")  # type: ignore[arg-type]
    assert words in text.body
    assert "There is no release record." in text.body


class Rendered(HTMLParser):
    """What of a page is not inside code: its text, its tags, where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.links, self.tags, self.depth = "", [""], set[str](), 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "code"
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.text += data if not self.depth else ""


def rendered(found: PromotionPlan, record: ReleaseRecord, subject: str, by: str) -> Rendered:
    page = Rendered()
    text = pull_request_text(found, record=record, commits=[SourceCommit("1" * 40, subject, by)], by=by)
    page.feed(MARKDOWN.render(text.body))
    return page


MARKDOWN = MarkdownIt("gfm-like", {"html": True, "linkify": False})
OURS = {"p", "strong", "code", "h3", "table", "thead", "tbody", "tr", "th", "td", "a", "pre"}
hostile = st.text(max_size=30) | st.sampled_from(
    [
        "@everyone `@everyone` ``x``",
        "</code></td><script>alert(1)</script>",
        "```\n# a heading\n![](https://evil.example/x.png)",
        "| a | b |\n|---|---|",
        "[x](javascript:alert(1)) <https://evil.example>",
        "Idp-Action: rollback",
        "\\` \\| \\",
        "`" * 40,
        "\u202e\x1b[2J",
        "closes #1",
    ]
)
safe_text = hostile.map(
    lambda text: re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]", "", text).strip()
)


@settings(deadline=None, max_examples=200)
@given(hostile, hostile, safe_text.filter(bool), hostile)
def test_nothing_that_somebody_wrote_gets_out_of_its_code(
    reason: str, subject: str, check: str, by: str
) -> None:
    record = replace(
        RECORD,
        checks=(CheckEvidence(check, passed=True, url="https://ci.example.org/`>)](x)|1"),),
        provenance=Provenance(check, "https://ci.example.org/2"),
        template=check,
    )
    found = PromotionPlan(
        Action.PROMOTE,
        "pay",
        "prod",
        None,
        RELEASE,
        PRESENT,
        (GateResult("hold", GateState.FAILED, reason),),
        reason,
    )
    page = rendered(found, record, subject, by)
    assert page.tags <= OURS
    assert set(page.links) <= {"", "https://ci.example.org/2"}
    clean = replace(
        found, results=(GateResult("hold", GateState.FAILED, "x"),), reason="x" if reason.strip() else ""
    )
    plain_record = replace(
        record,
        checks=(CheckEvidence("x", passed=True),),
        provenance=Provenance("x", "https://x.example"),
        template="x",
    )
    plain = rendered(clean, plain_record, "x", "x")
    assert page.text.split() == plain.text.split()
    assert page.tags == plain.tags


def test_a_body_stays_within_what_a_forge_takes() -> None:
    commits = [SourceCommit("1" * 40, "x" * 5000, "y" * 5000)] * 5000
    checks = tuple(CheckEvidence(f"{number:03}" + "c" * 250, passed=True) for number in range(200))
    text = pull_request_text(
        replace(PLAN, reason="z" * 10_000),
        record=replace(RECORD, checks=checks),
        commits=commits,
        by="w" * 9000,
    )
    assert len(text.body) < 65_536
    assert "… and 4900 more" in text.body


def test_a_gate_that_will_pass_says_when_in_the_table() -> None:
    table = gates_table([GateResult("soak", GateState.PENDING, "Wait.", NOW)])
    assert table.endswith("| soak | ⏳ pending | `Wait.` | 2026-11-23 09:00 UTC |")


def test_code_blocks_and_links_hold_what_they_are_given() -> None:
    assert code("a`b|c\nd") == "`a'b¦c d`"
    assert code("") == ""
    assert block(["```", "x"]).startswith("````text\n")
    assert link("evidence", "https://a.example/x?y=1#z") == "[evidence](<https://a.example/x?y=1#z>)"
    assert link("evidence", "https://a.example/<x>") == "`https://a.example/<x>`"
    assert link("evidence", None) == ""


def test_environments_without_gates_are_open() -> None:
    found = plan(Environment("prod"), facts(record=None), source=None, may_wait=False)
    assert isinstance(found, PromotionPlan)
