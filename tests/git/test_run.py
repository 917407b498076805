"""Commits that survive whatever happens around them."""

from pathlib import Path, PurePosixPath

import pytest

from idp.git import run as adapter
from tests.support import build_file_tree, git, save


@pytest.mark.parametrize("committed", [True, False])
def test_an_interrupt_around_the_commit_leaves_all_of_it_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    repository = build_file_tree(tmp_path / "repository", {"README.md": "x\n"})
    save(repository)
    append = vars(adapter)["_append_commit"]

    def interrupted(*arguments: object) -> str:
        if committed:
            append(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(adapter, "_append_commit", interrupted)
    with pytest.raises(KeyboardInterrupt):
        adapter.commit_new_files(repository, {PurePosixPath("catalog/a.yaml"): "a\n"}, "feat: a")
    assert git("status", "--porcelain", cwd=repository) == ""
    assert (repository / "catalog/a.yaml").exists() is committed
    assert git("log", "-1", "--format=%s", cwd=repository) == ("feat: a" if committed else "test")
