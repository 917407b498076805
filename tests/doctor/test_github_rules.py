"""What the judgement of a repository's settings says, setting by setting."""

from dataclasses import replace
from typing import Any

import pytest

from idp.doctor.github_rules import APP, SettingState, judge
from idp.doctor.github_settings import (
    Codeowners,
    DeploymentEnvironment,
    Protection,
    RefFacts,
    RepositorySettings,
    Unread,
    WorkflowToken,
    owners_of,
    ref_matches,
)

OWNED = Codeowners("/.github/ @acme/p\n/workflows/ @acme/p\n/environments/ @acme/p\n", 0)
MAIN = Protection(
    "main",
    pull_request=True,
    approvals=1,
    code_owners=True,
    checks=frozenset({"gate", "ci"}),
    up_to_date=True,
    blocks=frozenset({"non_fast_forward", "deletion"}),
    bypass=(APP,),
)
TAG = Protection("tags", blocks=frozenset({"creation", "update", "deletion"}), bypass=(APP,))
PLATFORM = RepositorySettings(
    repository="github.com/acme/platform",
    default_branch="main",
    chain=("dev", "prod"),
    branches=(RefFacts("main", ((MAIN,), ())),),
    tags=(RefFacts("good/", ((TAG,),)),),
    codeowners=OWNED,
    token=WorkflowToken(writes=False, approves=False),
    environments=(DeploymentEnvironment("dev", ("main",)), DeploymentEnvironment("prod", ("main",))),
)
SERVICE = replace(
    PLATFORM,
    chain=(),
    tags=(),
    codeowners=None,
    environments=(),
    branches=(
        RefFacts(
            "main",
            (
                (replace(MAIN, approvals=0, code_owners=False, checks=frozenset({"ci / ci"}), bypass=()),),
                (),
            ),
        ),
    ),
)
NO_PLAN, CLOSED = Unread("not available on this plan", plan=True), Unread("the credentials may not read it")


def states(settings: RepositorySettings, *, but: SettingState = SettingState.PASSED) -> dict[str, str]:
    return {it.setting: it.state.value for it in judge(settings) if it.state is not but}


def main(**changes: Any) -> RepositorySettings:
    return replace(PLATFORM, branches=(RefFacts("main", ((replace(MAIN, **changes),), ())),))


@pytest.mark.parametrize("settings", [PLATFORM, SERVICE])
def test_a_repository_as_the_guide_has_it_passes(settings: RepositorySettings) -> None:
    assert states(settings) == {}


@pytest.mark.parametrize(
    ("settings", "failed"),
    [
        (main(pull_request=False), "main pull request"),
        (main(approvals=0), "main pull request"),
        (main(code_owners=False), "main pull request"),
        (main(checks=frozenset({"ci"})), "main status checks"),
        (main(up_to_date=False), "main up to date before merging"),
        (main(blocks=frozenset({"deletion"})), "main force pushes"),
        (main(blocks=frozenset({"non_fast_forward"})), "main deletion"),
        (main(bypass=()), "main bypass list"),
        (main(bypass=(APP, "OrganizationAdmin:always")), "main bypass list"),
        (main(bypass=("Integration:pull_request",)), "main bypass list"),
        (replace(PLATFORM, tags=(RefFacts("good/", ((),)),)), "good/ tags"),
        (
            replace(
                PLATFORM,
                tags=(RefFacts("good/", ((replace(TAG, blocks=frozenset({"creation", "update"})),),)),),
            ),
            "good/ tags",
        ),
        (
            replace(PLATFORM, tags=(RefFacts("good/", ((replace(TAG, bypass=(APP, "Team:always")),),)),)),
            "good/ bypass list",
        ),
        (replace(PLATFORM, codeowners=None), "CODEOWNERS"),
        (replace(PLATFORM, codeowners=replace(OWNED, errors=1)), "CODEOWNERS"),
        (replace(PLATFORM, codeowners=Codeowners("/workflows/ @p\n/environments/ @p", 0)), "CODEOWNERS"),
        (
            replace(PLATFORM, codeowners=Codeowners("* @acme/p\n/environments/environments.yaml\n", 0)),
            "CODEOWNERS",
        ),
        (replace(PLATFORM, token=WorkflowToken(writes=True, approves=False)), "workflow permissions"),
        (
            replace(PLATFORM, token=WorkflowToken(writes=False, approves=True)),
            "workflows approve pull requests",
        ),
        (replace(PLATFORM, environments=(DeploymentEnvironment("dev", ("main",)),)), "environment prod"),
        (
            replace(PLATFORM, chain=("dev",), environments=(DeploymentEnvironment("dev", None),)),
            "environment dev",
        ),
        (
            replace(PLATFORM, chain=("dev",), environments=(DeploymentEnvironment("dev", ("main", "x")),)),
            "environment dev",
        ),
        (
            replace(
                SERVICE,
                branches=(
                    RefFacts("main", ((replace(MAIN, checks=frozenset({"ci / ci"}), bypass=(APP,)),),)),
                ),
            ),
            "main bypass list",
        ),
    ],
)
def test_each_departure_fails_its_own_line_and_says_how_to_mend_it(
    settings: RepositorySettings, failed: str
) -> None:
    missing = {name for name, state in states(settings).items() if state == "failed"}
    assert missing == {failed}
    assert all(it.fix for it in judge(settings) if it.state is not SettingState.PASSED)


def test_what_may_not_be_read_is_not_a_failure() -> None:
    hidden = replace(
        PLATFORM,
        branches=(RefFacts("main", (CLOSED, CLOSED)),),
        tags=(RefFacts("good/", (CLOSED,)),),
        codeowners=CLOSED,
        token=CLOSED,
        environments=CLOSED,
    )
    assert set(states(hidden).values()) == {"not checked"}
    assert len(states(hidden)) == len(judge(hidden))
    assert states(main(bypass=None)) == {"main bypass list": "not checked"}


def test_rules_may_be_split_and_classic() -> None:
    reviews = replace(MAIN, checks=frozenset(), up_to_date=False)
    checks = Protection("checks", checks=MAIN.checks, up_to_date=True, bypass=(APP,))
    assert states(replace(PLATFORM, branches=(RefFacts("main", (NO_PLAN, (reviews, checks))),))) == {}


def test_a_plan_without_rules_is_told_what_stands_in_for_them() -> None:
    poor = replace(SERVICE, branches=(RefFacts("main", (NO_PLAN, NO_PLAN)),))
    assert set(states(poor).values()) == {"not checked"}
    line = judge(poor)[0]
    assert line.found == "not available on this plan"
    assert line.fix.startswith("Use ")


def test_where_the_plan_has_the_classic_rule_only_its_absence_fails() -> None:
    line = judge(replace(SERVICE, branches=(RefFacts("main", (NO_PLAN, ())),)))[0]
    assert (line.state, line.fix) == (
        SettingState.FAILED,
        "Settings → Branches: require a pull request.",
    )


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("refs/tags/good/**/*", True),
        ("refs/tags/**/*", True),
        ("~ALL", True),
        ("refs/tags/good/*", False),
        ("refs/tags/good/**", False),
        ("refs/tags/hold/**/*", False),
        ("refs/heads/good/**/*", False),
    ],
)
def test_a_star_stays_within_one_part_of_a_ref(pattern: str, matches: bool) -> None:
    assert ref_matches("refs/tags/good/prod/shop/1.0.0", [pattern], [], "main") is matches
    assert not ref_matches("refs/tags/good/prod/shop/1.0.0", [pattern], ["~ALL"], "main")


def test_the_default_branch_has_a_word_of_its_own() -> None:
    assert ref_matches("refs/heads/trunk", ["~DEFAULT_BRANCH"], [], "trunk")
    assert not ref_matches("refs/heads/v1", ["~DEFAULT_BRANCH"], [], "trunk")


@pytest.mark.parametrize(
    ("line", "path", "owned"),
    [
        ("* @a", "environments/prod/x/release.env", True),
        ("/environments/prod/ @a", "environments/prod/x/release.env", True),
        ("/environments @a", "environments/prod/x/release.env", True),
        ("/environments/* @a", "environments/prod/x/release.env", False),
        ("environments/ @a", "environments/environments.yaml", True),
        ("*.yaml @a", "environments/environments.yaml", True),
        ("/prod/ @a", "environments/prod/x/release.env", False),
        ("# * @a", "README.md", False),
        ("* @a\n/README.md", "README.md", False),
    ],
)
def test_owners_are_found_as_github_finds_them(line: str, path: str, owned: bool) -> None:
    assert bool(owners_of(path, line)) is owned
