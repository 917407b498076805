"""Container images on this machine: made, pushed, named by digest, removed."""

import json

from idp.core import process
from idp.core.errors import AdapterError
from idp.deployments.model import last_line

_BUILD_SECONDS = 600
_PUSH_SECONDS = 600
_QUICK_SECONDS = 60


def derive(base: str, name: str, program: str) -> None:
    """Build an image like another one that starts another Python program.

    Raises:
        AdapterError: the engine refuses.
    """
    dockerfile = f"FROM {base}\nCMD {json.dumps(['python', '-c', program])}\n"
    build = ["docker", "build", "--quiet", f"--tag={name}", "-"]
    done = process.run(build, env={"DOCKER_BUILDKIT": "1"}, stdin=dockerfile, timeout=_BUILD_SECONDS)
    if done.exit_code:
        raise AdapterError(
            "image-build-failed", f"{name} cannot be built: {last_line(done.stderr)}", "See `docker build`."
        )


def push(name: str) -> str:
    """Push an image; its reference by digest.

    Raises:
        AdapterError: the registry refuses.
    """
    done = process.run(["docker", "push", "--quiet", name], timeout=_PUSH_SECONDS)
    found = by_digest(name) if done.exit_code == 0 else None
    if found is None:
        raise AdapterError(
            "image-push-failed",
            f"{name} cannot be pushed: {last_line(done.stderr)}",
            "See that the registry is reachable and that you are logged in (`docker login`).",
        )
    return found


def by_digest(name: str) -> str | None:
    """`<repository>@sha256:…` of an image; None while no registry and no image store of digests has given it one."""
    done = process.run(["docker", "image", "inspect", name], timeout=_QUICK_SECONDS)
    if done.exit_code:
        return None
    repository = name.rpartition(":")[0]
    names: list[str] = json.loads(done.stdout)[0].get("RepoDigests") or []
    return next((each for each in names if each.rpartition("@")[0] == repository), None)


def remove(repository: str) -> None:
    """Delete every name that a repository has here; an image that has other names, too, stays under those."""
    listed = process.run(
        ["docker", "images", "--digests", "--format={{.Tag}} {{.Digest}}", repository], timeout=_QUICK_SECONDS
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    names = {f"{repository}:{tag}" for tag, _ in pairs} | {f"{repository}@{digest}" for _, digest in pairs}
    found = sorted(name for name in names if not name.endswith("<none>"))
    if found:
        process.run(["docker", "image", "rm", "--force", *found], timeout=_QUICK_SECONDS)
