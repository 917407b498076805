"""A pod's port on this machine, by `kubectl port-forward`."""

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from idp.core import process
from idp.core.errors import AdapterError
from idp.deployments.model import last_line

_START_SECONDS = 20.0
_STEP_SECONDS = 0.05
_FORWARDING = re.compile(r"^Forwarding from 127\.0\.0\.1:(\d+) ->", re.MULTILINE)


@contextmanager
def forwarding(argv: Sequence[str]) -> Iterator[Callable[[], str | None]]:
    """Run `kubectl port-forward` for as long as the block runs.

    Yields:
        What tells the address on this machine, None once the forwarding has ended.

    Raises:
        AdapterError: it does not begin.
    """
    with tempfile.TemporaryDirectory(prefix="idp-forward-") as temporary:
        out, err = Path(temporary, "out"), Path(temporary, "err")
        with (
            out.open("wb") as stdout,
            err.open("wb") as stderr,
            process.running(argv, cwd=Path.cwd(), env={}, stdout=stdout, stderr=stderr) as child,
        ):
            deadline = time.monotonic() + _START_SECONDS
            while (found := _FORWARDING.search(out.read_text())) is None:
                if child.poll() is not None or time.monotonic() > deadline:
                    raise AdapterError(
                        "service-unreachable",
                        f"The pod's port cannot be forwarded: {last_line(err.read_text())}",
                        "Whoever deploys needs the right to create pods/portforward; then deploy again.",
                    )
                time.sleep(_STEP_SECONDS)
            address = f"http://127.0.0.1:{found[1]}"
            yield lambda: address if child.poll() is None else None
