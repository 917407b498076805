"""Docker Compose: one project per service and environment, as `environments/<env>/<service>/compose.yaml` says."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.core import process
from idp.core.errors import AdapterError, UserError
from idp.deployments.model import Fault, Instance, engine_fault, last_line, pull_fault
from idp.environments.pin import Pin

_QUICK_SECONDS = 60
_PULL_SECONDS = 900
_APPLY_SECONDS = 300
_LOG_LINES = 5
_OWN_VARIABLES = re.compile(r"(?:RELEASE|COMPOSE)_")
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}  # noqa: S104 - read, not bound
_HINT = "Run `docker compose -f environments/<env>/<service>/compose.yaml config` to see what Compose makes of it."


@dataclass(frozen=True)
class ComposeProject:
    """One service in one environment, as Compose reads it.

    Attributes:
        file: the leaf's compose.yaml.
        name: the project's.
        service: the Compose service that runs the release's image.
        port: the published one that it listens on in the container.
    """

    file: Path
    name: str
    service: str
    port: int

    def pull(self, image: str) -> Fault | None:
        """Have the image here before anything that runs is touched."""
        if _docker("image", "inspect", image).exit_code == 0:
            return None
        done = _docker("pull", "--quiet", image, timeout=_PULL_SECONDS)
        return pull_fault(image, done.stderr) if done.exit_code else None

    def apply(self, seconds: float) -> Fault | None:
        """Let Compose make what runs as the file says; what has not changed keeps running.

        `--wait` is not used: Compose calls a container that crashes and is restarted again and again healthy.
        """
        timeout = max(seconds, _APPLY_SECONDS)  # what ran before may take its time to stop
        done = self._compose("up", "--detach", "--quiet-pull", "--remove-orphans", timeout=timeout)
        return engine_fault(done.stderr) if done.exit_code else None

    def instances(self) -> tuple[Instance, ...]:
        """The project's containers, stopped ones too."""
        return tuple(self._instance(each) for each in self._containers())

    def _containers(self) -> list[dict[str, Any]]:
        labels = (f"com.docker.compose.project={self.name}", "com.docker.compose.oneoff=False")
        listed = _docker(
            "ps", "--all", "--quiet", "--no-trunc", *(f"--filter=label={label}" for label in labels)
        )
        if listed.exit_code:
            raise _unreadable(listed.stderr)
        return _inspect("container", listed.stdout.split())

    def _runs_release(self, container: Mapping[str, Any]) -> bool:
        return bool(container["Config"]["Labels"].get("com.docker.compose.service") == self.service)

    def _instance(self, container: Mapping[str, Any]) -> Instance:
        state = container["State"]
        main = self._runs_release(container)
        ended = state["Status"] in {"exited", "dead", "restarting"} or container["RestartCount"] > 0
        return Instance(
            identity=container["Id"][:12],
            main=main,
            digests=_digests(container["Image"]) if main else (),
            running=bool(state["Running"]),  # also while the engine waits to start it again
            restarts=int(container["RestartCount"]),
            exit_code=int(state["ExitCode"]) if ended else None,
            detail=state.get("Error") or (_logs(container["Id"]) if ended else ""),
            healthy=state["Health"]["Status"] == "healthy" if state.get("Health") else None,
        )

    def is_current(self) -> bool:
        """Whether `up` would leave everything as it is, by Compose's own word."""
        done = self._compose("--dry-run", "up", "--detach", timeout=_APPLY_SECONDS)
        states = [line.split()[-1] for line in done.stderr.splitlines() if " Container " in line]
        return done.exit_code == 0 and set(states) == {"Running"}

    @contextmanager
    def reachable(self) -> Iterator[Callable[[], str | None]]:
        """What tells the service's address while the block runs; a restart may change it."""
        yield self.url

    def url(self) -> str | None:
        """`http://<host>:<port>` of the published port, None while nothing listens on it."""
        for container in filter(self._runs_release, self._containers()):
            published = (container["NetworkSettings"]["Ports"] or {}).get(f"{self.port}/tcp") or ()
            for each in published if container["State"]["Running"] else ():
                return f"http://{_ANY_ADDRESS.get(each['HostIp'], each['HostIp'])}:{each['HostPort']}"
        return None

    def _compose(self, *argv: str, timeout: float) -> process.Completed:
        return compose("--file", str(self.file), *argv, timeout=timeout)


def check() -> None:
    """Whether there is an engine, and Compose.

    Raises:
        AdapterError: one of them is missing or does not answer: no deployment is possible, whatever the release.
    """
    engine = _docker("version", "--format", "{{.Server.Version}}")
    if engine.exit_code:
        raise AdapterError(
            "engine-unreachable",
            f"The container engine does not answer: {last_line(engine.stderr)}",
            "Start it (Docker Desktop, `systemctl start docker`), or set DOCKER_HOST; `idp doctor` looks for it.",
        )
    if _docker("compose", "version", "--short").exit_code:
        raise AdapterError(
            "compose-missing",
            "The container engine has no Compose v2.",
            "Install the Docker Compose plugin; `docker compose version` must work.",
        )


def load(file: Path, pin: Pin) -> ComposeProject:
    """Read a leaf's compose.yaml as Compose does, and see that it runs the image of the pin.

    Raises:
        UserError: there is none, Compose refuses it, it publishes no port, or it runs another image than
            release.env names.
    """
    if not file.is_file():
        raise UserError(
            "overlay-missing",
            f"There is no {file.name} beside the service's release.env.",
            "Run `idp env add` for the service, which renders its overlay; then deploy again.",
        )
    rendered = compose("--file", str(file), "config", "--format", "json", timeout=_QUICK_SECONDS)
    if rendered.exit_code:
        raise UserError(
            "overlay-invalid", f"Compose refuses the overlay: {last_line(rendered.stderr)}", _HINT
        )
    config = json.loads(rendered.stdout)
    service = _service_of(config["services"], pin)
    return ComposeProject(file, config["name"], service, _published_port(config["services"][service]))


def _service_of(services: Mapping[str, Mapping[str, Any]], pin: Pin) -> str:
    images = {name: str(service.get("image", "")) for name, service in services.items()}
    found = [name for name, image in images.items() if image == pin.image]
    strays = [
        image for image in images.values() if _repository(image) == pin.repository and image != pin.image
    ]
    if len(found) != 1 or strays:
        seen = ", ".join(sorted(set(images.values()))) or "none"
        raise UserError(
            "overlay-image-wrong",
            f"The overlay resolves to {seen}; release.env names {pin.image}.",
            "Have exactly one service in it run ${RELEASE_IMAGE}, and set RELEASE_IMAGE nowhere but in release.env.",
        )
    return found[0]


def _repository(image: str) -> str:
    name = image.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}{last.partition(':')[0]}"


def _published_port(service: Mapping[str, Any]) -> int:
    ports = [int(port["target"]) for port in service.get("ports", ()) if "target" in port]
    if not ports:
        raise UserError(
            "port-not-published",
            "The overlay publishes no port of the service, so that nobody could see whether it works.",
            "Publish one in the environment's overlay: on 127.0.0.1 if it is for this machine alone.",
        )
    return ports[0]


def compose(*argv: str, timeout: float) -> process.Completed:
    """Run Compose so that nothing but the files says what is deployed, and no `RELEASE_IMAGE` of the shell."""
    unset = [name for name in os.environ if _OWN_VARIABLES.match(name)]
    return process.run(["docker", "compose", "--ansi=never", *argv], unset=unset, timeout=timeout)


def remove(project: str) -> None:
    """Stop a project and delete its containers, networks and volumes."""
    process.run(
        ["docker", "compose", "--project-name", project, "down", "--volumes", "--timeout=0"],
        unset=[name for name in os.environ if _OWN_VARIABLES.match(name)],
        timeout=_APPLY_SECONDS,
    )


def _docker(*argv: str, timeout: float = _QUICK_SECONDS) -> process.Completed:
    return process.run(["docker", *argv], timeout=timeout)


def _inspect(kind: str, names: Sequence[str]) -> list[dict[str, Any]]:
    if not names:
        return []
    done = _docker(kind, "inspect", *names)
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    if done.exit_code and "no such" not in done.stderr.lower():
        raise _unreadable(done.stderr)
    return found


def _digests(image: str) -> tuple[str, ...]:
    """The digests under which a registry knows an image of this machine."""
    found = {
        name.rpartition("@")[2] for each in _inspect("image", [image]) for name in each["RepoDigests"] or ()
    }
    return tuple(sorted(found))


def _logs(container: str) -> str:
    done = _docker("logs", "--tail", str(_LOG_LINES), container)
    return (
        last_line(done.stderr)
        if done.stderr.strip()
        else (last_line(done.stdout) if done.stdout.strip() else "")
    )


def _unreadable(words: str) -> AdapterError:
    return AdapterError(
        "engine-unreachable",
        f"The container engine does not say what runs: {last_line(words)}",
        "See `docker ps`; deploy again when it answers.",
    )
