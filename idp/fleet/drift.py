"""Template drift of many services: each rendered as its template's recorded version, and compared."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

from idp.core.errors import IdpError
from idp.environments.catalog import Listed
from idp.fleet import facts as fleet_facts
from idp.fleet import plan as fleet_plan
from idp.fleet.facts import Facts
from idp.fleet.plan import OnProgress, SourceOf
from idp.fleet.pool import pooled
from idp.git import trees
from idp.git.refs import References
from idp.platform.model import ANSWERS_FILE
from idp.services import update_merge
from idp.services import update_model as update
from idp.services.repository import ServiceRevision
from idp.templates import store as template_store
from idp.templates.store import TemplateSource


def with_drift(
    entries: Sequence[Listed],
    places: Mapping[str, References | None],
    facts: Mapping[str, Facts],
    on_progress: OnProgress,
    source_of: SourceOf,
    jobs: int | None = None,
) -> dict[str, Facts]:
    """The facts with every service's drift that can be worked out; kept for the next time."""
    wanted = {}
    for one in entries:
        at = places.get(one.name)
        fact = facts.get(at.commit) if at and at.commit else None
        if one.entry and at and fact and fact.edited is None and not fact.failure:
            wanted[one.name] = fleet_plan.revision(one.entry, at, fact)
    found = {}
    located = {
        name: (service, template)
        for name, service in wanted.items()
        if (template := _template(service, source_of))
    }
    for count, (name, edited) in enumerate(pooled(_edited, located, jobs), 1):
        on_progress(count, len(located), f"compare {name}")
        commit = wanted[name].commit
        if edited is not None:
            found[commit] = fleet_facts.with_edited(facts[commit], edited)
    if found:
        fleet_facts.save(found)
    return {**facts, **found}


def _template(service: ServiceRevision, source_of: SourceOf) -> TemplateSource | None:
    with suppress(IdpError):
        return source_of(service.answers)
    return None


def _edited(located: tuple[ServiceRevision, TemplateSource]) -> int | None:
    """How many of the template's files a service has edited or deleted; None where its template cannot say."""
    service, template = located
    try:
        state = template_store.resolve(template, service.answers.revision)
        with trees.throwaway(service.git_dir) as store:
            rendered = trees.read_tree(store, update_merge.rendered_tree(store, service, state))
            return len(update.edited(rendered, trees.read_tree(store, service.tree)) - {ANSWERS_FILE})
    except IdpError:
        return None
