"""What a template's history says about the way from one version to another."""

from functools import cache

from idp.git import run as git
from idp.templates import store as template_store
from idp.templates.store import TemplateCommit

_MOST = 60


@cache
def subjects(older: TemplateCommit, newer: TemplateCommit, template: str | None) -> tuple[str, ...]:
    """Subjects of the commits between two states that touch the template's files, newest first. Once per process.

    Args:
        older: the recorded state.
        newer: the state it is compared with.
        template: the template in a platform repository; None takes every commit.
    """
    paths = template_store.paths(newer, template)
    span = (f"--max-count={_MOST}", "--format=%s", f"{older.commit}..{newer.commit}", "--", *paths)
    done = git.call("log", "--no-show-signature", "--no-merges", *span, cwd=newer.repository)
    return tuple(done.stdout.splitlines())
