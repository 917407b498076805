"""The pages that come from the code are the ones that lie in the repository; links lead somewhere."""

import re
from pathlib import Path

import pytest

from docs.generate import pages
from tests.support import ROOT, git

_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("path", sorted(pages()), ids=lambda path: path.name)
def test_a_generated_page_is_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == pages()[path], "run `make docs`"


def test_every_relative_link_leads_to_a_file() -> None:
    files = git("ls-files", "--cached", "--others", "--exclude-standard", "*.md", cwd=ROOT).splitlines()
    broken = [
        f"{name}: {target}"
        for name in files
        for target in _LINK.findall((ROOT / name).read_text(encoding="utf-8"))
        if "://" not in target and not (ROOT / name).parent.joinpath(target).exists()
    ]
    assert broken == []
