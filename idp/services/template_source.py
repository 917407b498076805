"""Where a service's template is read from, and which address its answers are to record."""

from collections.abc import Callable
from pathlib import Path

from idp.core.errors import IdpError
from idp.platform import find as platforms
from idp.platform.address import is_machine_local, same_repository
from idp.platform.model import Platform
from idp.services.answers_file import RecordedAnswers
from idp.templates import store as template_store
from idp.templates.store import TemplateSource


def template_source(recorded: RecordedAnswers, named: str | None) -> TemplateSource:
    """The template of one service.

    `--platform` and `IDP_PLATFORM` come before what the answers record (the variable only for what a platform's
    template made). Without them it is what is recorded, read through the user's own clone or protocol where that is
    the same repository; a path of another machine is replaced by the user's own platform.

    Args:
        recorded: the service's answers.
        named: what `--platform` says.

    Raises:
        UserError: it is a path that is not on this machine, and nothing stands in for it.
        AdapterError: it cannot be read.
    """
    asked = platforms.named_platform(named, Path.cwd()) if named or recorded.template else None
    if asked is not None:
        return _of(asked, recorded.source)
    return fleet_template_source(recorded, platforms.usual_platform(Path.cwd()))


def fleet_template_source(recorded: RecordedAnswers, usual: Platform | None) -> TemplateSource:
    """As `template_source`, of one service among many: their own addresses come first.

    Args:
        recorded: the service's answers.
        usual: the platform that the user works with.

    Raises:
        UserError: as there.
        AdapterError: as there.
    """
    source = recorded.source
    here = platforms.recorded_platform(source)
    if here is not None:
        return _of(here, source)
    if usual is not None and _stands_in(usual, recorded):
        return _of(usual, source)
    return TemplateSource(source, template_store.locate(source))


def fleet_template_sources(usual: Platform | None) -> Callable[[RecordedAnswers], TemplateSource]:
    """`fleet_template_source` for many services, each address looked for once.

    Args:
        usual: the platform that the user works with.
    """
    known: dict[tuple[str, str | None], TemplateSource | IdpError] = {}

    def source_of(recorded: RecordedAnswers) -> TemplateSource:
        key = (recorded.source, recorded.template)
        if key not in known:
            try:
                known[key] = fleet_template_source(recorded, usual)
            except IdpError as error:
                known[key] = error
        found = known[key]
        if isinstance(found, IdpError):
            raise found
        return found

    return source_of


def _stands_in(usual: Platform, recorded: RecordedAnswers) -> bool:
    if is_machine_local(recorded.source):
        return recorded.template is not None
    return same_repository(usual.address, recorded.source)


def _of(platform: Platform, recorded: str) -> TemplateSource:
    """A platform's templates; a recorded address that is as good stays as it is spelt."""
    found = template_store.of_platform(platform)
    as_good = is_machine_local(found.address) or same_repository(found.address, recorded)
    keeps = as_good and not is_machine_local(recorded)
    return TemplateSource(recorded, found.repository, found.checkout) if keeps else found
