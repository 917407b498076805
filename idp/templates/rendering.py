"""Copier renders one exact template version for an existing service.

`copier.run_copy` clones the template for every rendering and asks Git about every file: 80 programs, most of the
time an update takes. Here Copier's own worker gets a checkout that is there already. What it must know for that is
set in `_seed`; where Copier's inside has changed, `copier.run_copy` does the same more slowly.
"""

import functools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from idp.templates import store as template_store
from idp.templates.copier import Rendered, explained, rendered
from idp.templates.store import TemplateCommit


@dataclass(frozen=True)
class Rendering:
    """A rendered version.

    Attributes:
        folder: its files.
        answers_file: path of the answers file in it.
        kept: those of the given paths that the template says are never overwritten.
        exclude: the template's own exclusion patterns.
        questions: names of the questions that the template asks.
    """

    folder: Path
    answers_file: str
    kept: frozenset[str]
    exclude: tuple[str, ...]
    questions: frozenset[str]


def render_version(
    state: TemplateCommit,
    destination: Path,
    *,
    answers: str,
    answers_file: str,
    data: Mapping[str, Any] | None = None,
    ask: bool = False,
    exclude: Sequence[str] = (),
    candidates: Sequence[str] = (),
) -> Rendering:
    """Render a state of a template with a service's recorded answers.

    Args:
        state: which state.
        destination: a folder that does not exist yet, named as the service's own.
        answers: text of the service's answers file.
        answers_file: where the service has it, relative to its folder.
        data: answers that override the recorded ones.
        ask: ask new questions on the terminal; otherwise their defaults are taken.
        exclude: patterns of files that are not rendered.
        candidates: paths to try `_skip_if_exists` on.

    Raises:
        UserError: an answer is missing or refused.
        AdapterError: the template is broken, or needs trust.
    """
    previous = destination / answers_file
    previous.parent.mkdir(parents=True)
    previous.write_text(answers, encoding="utf-8")
    with explained(state.source), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker = _worker(state, destination, answers_file, data or {}, ask=ask, exclude=exclude)
        with worker, _as_update():
            # Making the environment imports the template's extensions, for which Copier asks for trust first.
            if not worker.template.jinja_extensions:
                _share_compiled(worker.jinja_env, state.commit)
            worker.run_copy()
            skips = worker.match_skip
            made = (str(path.relative_to(destination)) for path in destination.rglob("*"))
            return Rendering(
                folder=destination,
                answers_file=answers_file,
                kept=frozenset(path for path in {*candidates, *made} if skips(PurePosixPath(path))),
                exclude=tuple(worker.template.exclude),
                questions=frozenset(worker.template.questions_data),
            )


def render_new(
    state: TemplateCommit, destination: Path, answers: Mapping[str, Any], *, ask: bool
) -> Rendered:
    """Render a state of a template into a folder that does not exist yet; the arguments are `templates.render`'s."""
    from copier._main import Worker

    with explained(state.source), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker = Worker(
            src_path=state.source,
            dst_path=destination,
            data=dict(answers),
            vcs_ref=state.name,
            defaults=not ask,
            quiet=True,
            cleanup_on_error=False,
        )
        if not template_store.has_submodules(state):
            _seed(worker.template, state)
        with worker:
            worker.run_copy()
            return rendered(worker, destination)


def render_folder(folder: Path, identity: str, destination: Path, data: Mapping[str, Any]) -> None:
    """Render a plain folder that is a Copier template and asks nothing; no program is run.

    Args:
        folder: has a `copier.yml`.
        identity: names the folder's content; what is compiled of it is kept under that name.
        destination: where the files go.
        data: what the template reads.

    Raises:
        AdapterError: the template is broken, or needs trust.
    """
    from copier._main import Worker

    with explained(str(folder)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        worker = Worker(
            src_path=str(folder),
            dst_path=destination,
            data=dict(data),
            defaults=True,
            quiet=True,
            skip_tasks=True,
        )
        _seed_facts(worker.template, {**_NO_REPOSITORY, "local_abspath": folder})
        with worker, _as_update():
            if not worker.template.jinja_extensions:
                _share_compiled(worker.jinja_env, identity)
            worker.run_copy()


_NO_REPOSITORY: Mapping[str, Any] = {"commit": None, "commit_hash": None, "git_index_modes": {}, "vcs": None}

_COMPILED: dict[tuple[str, str, str | None, str | None, bool], Any] = {}
_MOST_COMPILED = 20000


def _share_compiled(environment: Any, state: str) -> None:  # noqa: ANN401 - Jinja is Copier's affair
    """Compile each Jinja text of a state once per process, not once per service: half of a rendering's time.

    `state` names its content: a commit, a tree. The compiled code is the same for the same text, name and state,
    whose own settings make the environment.
    """
    compile_text = environment.compile

    def compiled(
        source: object,
        name: str | None = None,
        filename: str | None = None,
        raw: bool = False,
        defer_init: bool = False,
    ) -> object:
        if not isinstance(source, str) or raw:
            return compile_text(source, name, filename, raw, defer_init)
        key = (state, source, name, filename, defer_init)
        if key in _COMPILED:
            environment.preprocess(source, name, filename)  # Copier resets its `yield` tag there
            return _COMPILED[key]
        if len(_COMPILED) >= _MOST_COMPILED:
            _COMPILED.clear()
        _COMPILED[key] = compile_text(source, name, filename, raw, defer_init)
        return _COMPILED[key]

    environment.compile = compiled


@functools.cache
def runs_code(state: TemplateCommit) -> bool:
    """Whether a state of the template has tasks or migrations, which only Copier's own update runs."""
    from copier._template import Template

    with explained(state.source):
        template = Template(url=state.source, ref=state.name)
        _seed(template, state)
        return any(template.config_data.get(key) for key in ("tasks", "migrations"))


def _worker(
    state: TemplateCommit,
    destination: Path,
    answers_file: str,
    data: Mapping[str, Any],
    *,
    ask: bool,
    exclude: Sequence[str],
) -> Any:  # noqa: ANN401 - Copier's worker is no public type
    from copier._main import Worker

    worker = Worker(
        src_path=state.source,
        dst_path=destination,
        answers_file=Path(answers_file),
        vcs_ref=state.name,
        data=dict(data),
        defaults=not ask,
        skip_answered=True,
        overwrite=True,
        quiet=True,
        exclude=list(exclude),
        skip_tasks=True,
    )
    if not template_store.has_submodules(state):
        _seed(worker.template, state)
    return worker


def _seed(template: object, state: TemplateCommit) -> None:
    """Give Copier's template what it would find out by cloning, if it still has these lazily computed facts."""
    facts = {
        "local_abspath": template_store.checkout(state),
        "commit": state.name,
        "commit_hash": state.commit,
        "git_index_modes": {},
        "vcs": "git",
    }
    _seed_facts(template, facts)


def _seed_facts(template: object, facts: Mapping[str, Any]) -> None:
    known = vars(type(template))
    if all(isinstance(known.get(name), functools.cached_property) for name in facts):
        vars(template).update(facts)


@contextmanager
def _as_update() -> Iterator[None]:
    """Copier's `_copier_operation` is `update`; it does not look for an index to set file modes in: here is none."""
    from copier import _main as inside

    replaced = {"is_git_available": lambda: False}
    before = {name: getattr(inside, name) for name in replaced if hasattr(inside, name)}
    token = inside._operation.set("update")  # noqa: SLF001 - Copier offers no other way
    try:
        for name in before:
            setattr(inside, name, replaced[name])
        yield
    finally:
        inside._operation.reset(token)  # noqa: SLF001
        for name, value in before.items():
            setattr(inside, name, value)
