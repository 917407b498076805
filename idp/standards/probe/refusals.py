"""Start a service with wrong configuration and see it refuse."""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from idp.standards.live.observation import Refusal
from idp.standards.probe.limits import ProbeLimits
from idp.standards.probe.service import started

_SECOND_LOOK_SECONDS = 5.0


def try_start(folder: Path, env: Mapping[str, str], limits: ProbeLimits, key: str, wrong: str) -> Refusal:
    """Start the service with one wrong key and wait until it ends or listens all the same.

    Raises:
        AdapterError: `make` is missing.
    """
    small = replace(limits, output_bytes=limits.output_bytes // 16)
    begun = time.monotonic()
    with started(folder, {**env, key: wrong}, small) as service:
        service.wait_until_listening()
        # It may be another program that listens: somebody took the free port in the meantime.
        service.wait_for_exit(min(limits.start, _SECOND_LOOK_SECONDS))
        code = service.child.poll()
        elapsed = time.monotonic() - begun
        stdout, stderr = service.stdout, service.stderr
    return Refusal(key, wrong, code, elapsed, f"{stdout.text}\n{stderr.text}")
