"""`check`, on services that no template made."""

import json
import shutil
from pathlib import Path

import pytest

from idp.core.result import to_jsonable
from idp.standards.check import check
from idp.standards.rules.standards import all_rules, standards_markdown
from idp.standards.scorecard import Outcome
from tests.seeded_faults import explained
from tests.support import ROOT, build_file_tree, save

REFERENCE = ROOT / "tests" / "reference_service"


@pytest.mark.slow
def test_a_service_made_by_no_template_passes_every_rule_live(tmp_path: Path) -> None:
    service = shutil.copytree(REFERENCE, tmp_path / "service", ignore=shutil.ignore_patterns("__pycache__"))
    save(service)
    told: list[str] = []
    scorecard = check(service, live=True, on_progress=told.append)
    assert scorecard.failed_rules == (), explained(scorecard)
    assert scorecard.passed
    assert scorecard.score == 100
    assert scorecard.totals.not_checked == 0
    assert len(told) > 4


def test_without_live_the_live_rules_are_named_as_not_checked() -> None:
    scorecard = check(REFERENCE, live=False)
    assert scorecard.passed
    live = {result.rule.id: result.outcome for result in scorecard.results if result.rule.live}
    assert set(live.values()) == {Outcome.NOT_CHECKED}
    assert len(scorecard.results) == len(all_rules())


def test_an_empty_folder_fails_and_the_scorecard_is_json(tmp_path: Path) -> None:
    scorecard = check(tmp_path, live=False)
    assert not scorecard.passed
    document = json.loads(json.dumps(to_jsonable(scorecard)))
    assert document["service"] == tmp_path.name


@pytest.mark.slow
def test_an_empty_folder_can_be_checked_live(tmp_path: Path) -> None:
    scorecard = check(tmp_path, live=True)
    assert "START-LISTENS" in scorecard.failed_rules


def test_a_folder_of_binaries_is_checked(tmp_path: Path) -> None:
    names = (
        "Makefile",
        "compose.yaml",
        "pyproject.toml",
        "app/main.py",
        "Dockerfile",
        ".env.example",
        "catalog-info.yaml",
    )
    build_file_tree(tmp_path, {name: bytes(range(256)) * 40 for name in names})
    scorecard = check(tmp_path, live=False)
    assert "FILE-PARSES" in scorecard.failed_rules


def test_the_page_of_standards_is_what_the_code_says() -> None:
    page = ROOT / "docs" / "standards.md"
    assert page.read_text() == standards_markdown(), "run: make docs"
