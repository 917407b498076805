"""`idp promote`, and what `idp release` and `idp rollback` share with it."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from idp.core.text import safe
from idp.output.views.gates import gates
from idp.output.views.layout import columns
from idp.releases.gates.model import blocked
from idp.releases.promotion_model import Action
from idp.releases.promotion_result import Promotion, Promotions, PromotionState

_MARK = {
    PromotionState.DONE: ("✓ ", "green"),
    PromotionState.OPENED: ("✓ ", "green"),
    PromotionState.OPEN: ("✓ ", "green"),
    PromotionState.PLANNED: ("· ", "cyan"),
    PromotionState.UNCHANGED: ("· ", "dim"),
    PromotionState.BLOCKED: ("✗ ", "bold red"),
    PromotionState.FAILED: ("✗ ", "bold red"),
}
_HEADINGS = ("SERVICE", "TO", "STATE", "FROM", "RELEASE", "WHY")


def view(done: Promotion | Promotions) -> Iterator[RenderableType]:
    yield from _many(done) if isinstance(done, Promotions) else one(done)


def one(done: Promotion) -> Iterator[RenderableType]:
    yield Text.assemble(_MARK[done.state], safe(_headline(done)))
    if done.gates:
        yield from gates(done.gates)
    for line in _details(done):
        yield Text(safe(f"  {line}"))


def _headline(done: Promotion) -> str:
    move = f"{done.from_version or 'nothing'} → {done.version}"
    origin = f", as it runs in {done.source}" if done.source and done.action is Action.PROMOTE else ""
    words = {
        PromotionState.DONE: f"{done.service} in {done.environment}: {move}{origin}.",
        PromotionState.OPENED: f"A pull request takes {done.service} in {done.environment} {move}{origin}.",
        PromotionState.OPEN: f"The pull request that takes {done.service} in {done.environment} {move} is open.",
        PromotionState.PLANNED: f"Would take {done.service} in {done.environment} {move}{origin}.",
        PromotionState.UNCHANGED: f"{done.service} is at {done.version} in {done.environment} already.",
        PromotionState.BLOCKED: f"{done.service} {done.version} stays out of {done.environment}{origin}.",
        PromotionState.FAILED: f"{done.service} to {done.environment} failed.",
    }
    return words[done.state]


def _details(done: Promotion) -> Iterator[str]:
    if done.commit:
        yield f"commit {done.commit[:12]}  {', '.join(done.files)}"
    elif done.state is PromotionState.PLANNED:
        yield f"changes {', '.join(done.files)}"
    if done.pull_request:
        yield f"{done.pull_request}"
        if blocked(done.gates):
            yield "It waits for the gates that have not passed."
    if done.held:
        verb = "would be" if done.dry_run else "is"
        yield f"{done.held} {verb} held from {done.environment}: it stays away until `idp hold … --lift`."
    if done.note:
        yield done.note
    if done.dry_run:
        yield "Dry run: nothing was written."


def _many(done: Promotions) -> Iterator[RenderableType]:
    rows = [_row(promotion) for promotion in done.promotions]
    if rows:
        yield columns(rows, _HEADINGS)
    counts = {
        state: sum(promotion.state is state for promotion in done.promotions) for state in PromotionState
    }
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    yield Text(f"{said}." if said else "Nothing is to be promoted.", "bold")
    if done.dry_run:
        yield Text("Dry run: nothing was written.")


def _row(done: Promotion) -> tuple[str | Text, ...]:
    against = "; ".join(f"{result.name}: {result.reason}" for result in blocked(done.gates))
    failure = done.failure.message if done.failure and done.state is PromotionState.FAILED else ""
    return (
        done.service,
        done.environment,
        Text(done.state.value, _MARK[done.state][1]),
        done.from_version or "-",
        done.version or "?",
        failure or against or done.pull_request or (done.commit or "")[:12],
    )
