"""What the state of a pod means for the release that it runs."""

from collections.abc import Callable, Mapping
from typing import Any

from idp.deployments.model import MOST_RESTARTS, Fault, Instance, engine_fault, pull_fault

_PULLING = frozenset({"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_CREATING = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})

Logs = Callable[[str], str]
"""From a pod's name to the last line that its container wrote."""


def instance(pod: Mapping[str, Any], container: str, logs: Logs) -> Instance:
    """A pod, as one instance of the service."""
    status = _status(pod, container)
    spec: Mapping[str, Any] = next(
        (each for each in pod["spec"]["containers"] if each["name"] == container), {}
    )
    named = (str(status.get("imageID", "")), str(spec.get("image", "")))
    ended = _ended(status)
    return Instance(
        identity=pod["metadata"]["name"],
        main=True,
        digests=tuple(sorted({name.rpartition("@")[2] for name in named if "@" in name})),
        running="running" in status.get("state", {}),
        restarts=int(status.get("restartCount", 0)),
        exit_code=ended,
        detail=logs(pod["metadata"]["name"]) if ended else "",
        healthy=status.get("ready"),
    )


def pod_fault(
    pod: Mapping[str, Any], container: str, image: str, waited: float | None, logs: Logs
) -> Fault | None:
    """Why a pod of the new release does not come up.

    Args:
        pod: as the API describes it.
        container: the one that runs the release.
        image: the release's.
        waited: seconds, once the time is up; None while it may still come up by itself.
        logs: see `Logs`.
    """
    status = _status(pod, container)
    waiting = status.get("state", {}).get("waiting", {})
    reason, words = str(waiting.get("reason", "")), str(waiting.get("message", ""))
    if reason in _PULLING:
        fault = pull_fault(image, words or reason)
        return fault if fault.of_release or waited is not None else None
    if reason in _CREATING:
        return engine_fault(words or reason)
    name = pod["metadata"]["name"]
    restarts = int(status.get("restartCount", 0))
    if restarts >= MOST_RESTARTS or (waited is not None and (reason == "CrashLoopBackOff" or restarts)):
        reason = f"It crashes at every start ({restarts} restarts, exit code {_ended(status)})."
        return Fault(reason, of_release=True, last_words=logs(name))
    return None if waited is None else _pending_fault(pod, status, waited)


def _pending_fault(pod: Mapping[str, Any], status: Mapping[str, Any], waited: float) -> Fault | None:
    if "running" in status.get("state", {}):
        return (
            None
            if status.get("ready")
            else Fault(
                f"It was not ready within {waited:g} s (pod {pod['metadata']['name']}).", of_release=True
            )
        )
    conditions = pod.get("status", {}).get("conditions", [])
    said = next(
        (each["message"] for each in conditions if each.get("status") == "False" and each.get("message")), ""
    )
    return Fault(
        f"The pod {pod['metadata']['name']} could not start within {waited:g} s: {said or 'no reason is given'}",
        False,
        "Give the cluster what it lacks (nodes, quota, volumes), then deploy again.",
    )


def _status(pod: Mapping[str, Any], container: str) -> Mapping[str, Any]:
    found: list[Mapping[str, Any]] = pod.get("status", {}).get("containerStatuses", [])
    return next((each for each in found if each["name"] == container), {})


def _ended(status: Mapping[str, Any]) -> int | None:
    """The exit code of the process that ended last, None where none has."""
    for state in ("state", "lastState"):
        if ended := status.get(state, {}).get("terminated"):
            return int(ended["exitCode"])
    return None
