"""No random template change and no random edit makes an update lose anything."""

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from tests.command_line import idp
from tests.services.update_cases import Case, build, cases, clean, lost_edits, snapshot
from tests.support import git

ROUNDS = 260


@pytest.mark.slow
@pytest.mark.parametrize("half", [1, 2])
def test_no_edit_is_lost_and_every_conflict_is_reported(
    half: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp(f"cases-{half}")
    counter = iter(range(100_000))

    @settings(
        max_examples=ROUNDS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def check(case: Case) -> None:
        place = folder / str(next(counter))
        built = build(place, case)
        base = _committed(built.service, "HEAD~1")
        ours = snapshot(built.service)
        done = idp("update", built.service, "--output", "json")
        report = done.json["data"]["report"]
        conflicts = {file["path"] for file in report["files"] if file["action"] == "conflict"}
        assert done.exit_code == (12 if conflicts else 0), done.stdout
        result = snapshot(built.service)
        if conflicts:
            assert report["state"] == "conflicts"
            assert result == ours, "a conflict writes nothing"
            assert git("status", "--porcelain", cwd=built.service) == ""
            return clean(place)
        assert lost_edits(base, ours, result, set()) == []
        assert not any(b"<<<<<<<" in content for _, content in result.values())
        if report["state"] == "clean":
            assert b"_commit: v2.0.0" in result[".copier-answers.yml"][1]
            assert {file["path"] for file in report["files"]} >= {
                path for path in result.keys() | ours.keys() if result.get(path) != ours.get(path)
            }
        return clean(place)

    check()


def _committed(service: "object", revision: str) -> dict[str, tuple[str, bytes]]:
    """The files of a commit, as `snapshot` has a work tree's."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        target = Path(folder) / "tree"
        git("worktree", "add", "--quiet", "--detach", target, revision, cwd=Path(str(service)))
        found = snapshot(target)
        git("worktree", "remove", "--force", target, cwd=Path(str(service)))
    found.pop(".git", None)
    return found
