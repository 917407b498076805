"""An image registry on this machine for as long as something is shown: by what is installed, else in a container."""

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from idp.core import http, process

_PROGRAMS = ("docker-registry", "registry")
_IMAGE = "registry:2"
_START_SECONDS = 20.0
_PULL_SECONDS = 120.0
_STEP_SECONDS = 0.1
_OK = 200
_CONFIG = """version: 0.1
storage: {{filesystem: {{rootdirectory: "{folder}/images"}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def serving() -> Iterator[str | None]:
    """A registry that is gone, with all its images, when the block ends.

    Yields:
        `127.0.0.1:<port>`, to which engines push without TLS; None where there is neither a registry's program nor
        its image.
    """
    program = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    with _program(program) if program else _container() as address:
        yield address


@contextmanager
def _program(program: str) -> Iterator[str | None]:
    with TemporaryDirectory(prefix="idp-registry-") as temporary:
        port = _free_port()
        config, log = Path(temporary, "config.yml"), Path(temporary, "log")
        config.write_text(_CONFIG.format(folder=temporary, port=port))
        with (
            log.open("wb") as out,
            process.running(
                [program, "serve", str(config)], cwd=Path(temporary), env={}, stdout=out, stderr=out
            ),
        ):
            yield f"127.0.0.1:{port}" if _answers(port) else None


@contextmanager
def _container() -> Iterator[str | None]:
    pulled = _docker("image", "inspect", _IMAGE).exit_code != 0 and (
        _docker("pull", "--quiet", _IMAGE, timeout=_PULL_SECONDS).exit_code == 0
    )
    start = (
        "run",
        "--detach",
        "--rm",
        "--label=idp.demo=registry",
        "--publish=127.0.0.1::5000",
        "--pull=never",
    )
    started = _docker(*start, _IMAGE)
    try:
        yield _published(started.stdout.strip()) if started.exit_code == 0 else None
    finally:
        if started.exit_code == 0:
            _docker("rm", "--force", "--volumes", started.stdout.strip())
        if pulled:
            _docker("image", "rm", _IMAGE)


def _published(container: str) -> str | None:
    listed = _docker("port", container, "5000/tcp").stdout
    port = listed.partition("\n")[0].rpartition(":")[2]
    return f"127.0.0.1:{port}" if port and _answers(int(port)) else None


def _docker(*argv: str, timeout: float = 60.0) -> process.Completed:
    return process.run(["docker", *argv], timeout=timeout)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _answers(port: int) -> bool:
    """Whether the registry speaks its protocol in time."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if http.get(f"http://{http.LOOPBACK}:{port}", "/v2/", seconds=2.0).status == _OK:
            return True
        time.sleep(_STEP_SECONDS)
    return False
