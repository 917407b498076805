"""A newcomer's first hour, on a machine that has nothing but Debian's Git, make, Python, venv and pipx."""

import os
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support import build_file_tree, git, platform_repository, run

if TYPE_CHECKING:
    import subprocess

pytestmark = [
    pytest.mark.slow,
    pytest.mark.clean_machine,
    pytest.mark.needs("docker-engine"),
    pytest.mark.xdist_group("clean machine"),
]

DOCKERFILE = """
FROM debian:bookworm-slim AS bare
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
      git make python3 procps >/dev/null \\
 && useradd --create-home newcomer
FROM bare AS complete
RUN DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv pipx >/dev/null
"""
INDEX = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT", "PIP_PROXY")
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
MINUTE = 60
LONGEST = 50 * MINUTE
USER = ("--user", "newcomer", "--env", "HOME=/home/newcomer", "--workdir", "/home/newcomer")


class Machine:
    """A container in which a user of its own types commands."""

    def __init__(self, name: str) -> None:
        self._name = name

    def types(self, script: str, minutes: float = 2) -> "subprocess.CompletedProcess[str]":
        """Run a script as the user, in a shell that stops at the first error; it has to end in time."""
        began = time.monotonic()
        seconds = minutes * MINUTE
        shell = ("timeout", "--kill-after=10", f"{seconds:.0f}", "sh", "-euc", script)
        done = run("docker", "exec", *USER, self._name, *shell, cwd=Path.cwd(), timeout=seconds + MINUTE)
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {script.strip().splitlines()[0]}\n")
        assert done.returncode not in {124, 137}, (
            f"not done after {minutes} min: {script}\n{done.stdout[-6000:]}"
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def does(self, script: str, minutes: float = 2) -> str:
        """As `types`, and it has to work; what it printed."""
        done = self.types(script, minutes)
        assert done.returncode == 0, f"{script}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
        return done.stdout


def built(target: str, folder: Path) -> str:
    """The image of a stage: its ID. Only the engine's build cache keeps it, so that the next run is quicker."""
    build_file_tree(folder, {"Dockerfile": DOCKERFILE})
    proxies = [f"--build-arg={name}" for name in PROXIES if name in os.environ]
    argv = ("docker", "build", "--quiet", "--network=host", *proxies, f"--target={target}", ".")
    done = run(*argv, cwd=folder, env={"DOCKER_BUILDKIT": "1"}, timeout=15 * MINUTE)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def settings_of_this_machine() -> list[str]:
    """Options of `docker run` for this machine's package index, proxies and certificates: all that is passed on."""
    options = [f"--env={name}" for name in (*INDEX, *PROXIES) if name in os.environ]
    if certificates := existing(os.environ.get("SSL_CERT_FILE", ""), CERTIFICATES):
        options.append(f"--volume={certificates}:{CERTIFICATES}:ro")
        options += [
            f"--env={name}={CERTIFICATES}" for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
        ]
    if Path("/etc/pip.conf").is_file():
        options.append("--volume=/etc/pip.conf:/etc/pip.conf:ro")
    own = (
        os.environ.get("PIP_CONFIG_FILE", ""),
        Path.home() / ".config/pip/pip.conf",
        Path.home() / ".pip/pip.conf",
    )
    if config := existing(*own):
        options += [f"--volume={config}:/etc/own-pip.conf:ro", "--env=PIP_CONFIG_FILE=/etc/own-pip.conf"]
    return options


def existing(*candidates: str | Path) -> Path | None:
    return next((Path(one) for one in candidates if one and Path(one).is_file()), None)


def started(target: str, folder: Path) -> Iterator[Machine]:
    """A machine where the newcomer has cloned the repository, as from elsewhere, and has a name."""
    platform = platform_repository(folder / "platform")
    bundle = folder / "idp-lite.bundle"
    git("bundle", "create", "--quiet", bundle, "HEAD", "main", "v0.1.0", cwd=platform)
    bundle.chmod(0o644)
    image, name = built(target, folder / "image"), f"idp-clean-machine-{uuid.uuid4().hex[:12]}"
    options = (
        f"--name={name}",
        "--network=host",
        f"--volume={bundle}:/idp-lite.bundle:ro",
        *settings_of_this_machine(),
    )
    try:
        # It ends by itself, should these tests be killed.
        done = run(
            "docker", "run", "--detach", "--rm", "--init", *options, image, "sleep", str(LONGEST), cwd=folder
        )
        assert done.returncode == 0, done.stderr
        machine = Machine(name)
        machine.does("git clone --quiet /idp-lite.bundle idp-lite")
        machine.does(
            "git config --global user.name Newcomer; git config --global user.email newcomer@example.com"
        )
        yield machine
    finally:
        run("docker", "rm", "--force", name, cwd=folder)
        run("docker", "rmi", image, cwd=folder)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    yield from started("complete", tmp_path_factory.mktemp("complete"))


@pytest.fixture(scope="module")
def bare_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    yield from started("bare", tmp_path_factory.mktemp("bare"))


def test_without_venv_make_names_the_package_to_install(bare_machine: Machine) -> None:
    done = bare_machine.types("cd idp-lite && make demo")
    assert done.returncode != 0
    assert "sudo apt install python3-venv" in done.stderr
    assert len(done.stderr.splitlines()) <= 3, done.stderr


def test_the_demo_shows_what_it_can_without_an_engine(machine: Machine) -> None:
    shown = machine.does("cd idp-lite && make demo", minutes=10)
    assert "meets the standards" in shown
    assert "nothing is deployed" in shown


PIPX = "pipx install ./idp-lite && mkdir by-pipx && ln -s ~/.local/bin/idp by-pipx/"
PIP = "python3 -m venv venv && venv/bin/pip install --quiet ./idp-lite && mkdir by-pip && ln -s ~/venv/bin/idp by-pip/"
RUN = """
idp run --port $PORT >log 2>&1 & run=$!
trap 'kill $run 2>/dev/null' EXIT
for attempt in $(seq 400); do
  kill -0 $run
  if python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:$PORT/health/ready').read())" 2>/dev/null
  then break; fi
  sleep 0.5
done
trap - EXIT
kill -TERM $run
wait $run
"""


@pytest.mark.parametrize(("install", "folder", "port"), [(PIPX, "by-pipx", 18733), (PIP, "by-pip", 18734)])
def test_an_installed_idp_creates_runs_and_checks_a_service(
    machine: Machine, install: str, folder: str, port: int
) -> None:
    machine.does(install, minutes=10)
    use = f"export PATH=$HOME/{folder}:$PATH PORT={port}; cd ~/{folder}"
    assert "✓ Created" in machine.does(f"{use}; idp create service user-profile -d owner=@acme/identity")
    assert "ready" in machine.does(f"{use}/user-profile; {RUN.strip()}", minutes=10)
    assert "meets the standards" in machine.does(f"{use}/user-profile; idp check --live", minutes=5)
