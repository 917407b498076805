"""What a pod's state says about the release that it runs."""

from typing import Any

import pytest

from idp.deployments.engines.kubernetes_pods import instance, pod_fault

IMAGE = f"registry.example/shop@sha256:{'1' * 64}"


def pod(status: dict[str, Any] | None, *conditions: dict[str, str]) -> dict[str, Any]:
    statuses = [] if status is None else [{"name": "proxy", "restartCount": 9}, {"name": "app", **status}]
    return {
        "metadata": {"name": "shop-1"},
        "spec": {"containers": [{"name": "proxy", "image": "proxy:1"}, {"name": "app", "image": IMAGE}]},
        "status": {"containerStatuses": statuses, "conditions": list(conditions)},
    }


def waiting(reason: str, message: str = "", restarts: int = 0) -> dict[str, Any]:
    return {"state": {"waiting": {"reason": reason, "message": message}}, "restartCount": restarts}


NO_NODE = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}


@pytest.mark.parametrize(
    ("found", "of_release", "words"),
    [
        (pod(waiting("ErrImagePull", "manifest unknown")), True, "registry has no image"),
        (pod(waiting("ImagePullBackOff", "failed to resolve reference: shop@sha256:1: not found")), True, "no image"),
        (pod(waiting("ImagePullBackOff", "dial tcp: lookup registry: no such host")), False, "could not be pulled"),
        (pod(waiting("ImagePullBackOff", "pull access denied")), False, "could not be pulled"),
        (pod(waiting("ImagePullBackOff", "Back-off pulling image")), False, "could not be pulled"),
        (pod(waiting("CreateContainerConfigError", 'secret "x" not found')), False, "did not start it"),
        (pod(waiting("RunContainerError", 'exec: "x": executable file not found')), True, "cannot be started"),
        (pod(waiting("CrashLoopBackOff", restarts=1)), True, "crashes at every start (1 restarts"),
        (pod({"state": {"running": {}}, "ready": False, "restartCount": 0}), True, "not ready within 9 s"),
        (pod(waiting("ContainerCreating")), False, "could not start within 9 s"),
        (pod(None, NO_NODE), False, "0/3 nodes are available"),
    ],
)  # fmt: skip
def test_whose_fault_it_is_that_a_pod_did_not_come_up_in_time(
    found: dict[str, Any], of_release: bool, words: str
) -> None:
    fault = pod_fault(found, "app", IMAGE, 9, lambda _: "said last")
    assert fault is not None
    assert fault.of_release is of_release
    assert words in fault.reason


@pytest.mark.parametrize(
    "found",
    [
        pod(waiting("ContainerCreating")),
        pod(waiting("ImagePullBackOff", "no such host")),
        pod(waiting("CrashLoopBackOff", restarts=2)),
        pod({"state": {"running": {}}, "ready": False, "restartCount": 0}),
        pod(None, NO_NODE),
    ],
)
def test_what_may_still_mend_itself_is_waited_for(found: dict[str, Any]) -> None:
    assert pod_fault(found, "app", IMAGE, None, lambda _: "") is None


def test_a_container_that_crashes_again_and_again_is_not_waited_for() -> None:
    fault = pod_fault(
        pod(waiting("CrashLoopBackOff", restarts=3)), "app", IMAGE, None, lambda name: f"{name} broke"
    )
    assert fault is not None
    assert fault.last_words == "shop-1 broke"


def test_a_pod_runs_the_digest_that_it_names_or_that_its_node_reports() -> None:
    status = {
        "imageID": f"mirror.example/shop@sha256:{'2' * 64}",
        "state": {"running": {}},
        "restartCount": 2,
    }
    found = instance(pod(status), "app", lambda _: "")
    assert found.digests == (f"sha256:{'1' * 64}", f"sha256:{'2' * 64}")
    assert (found.running, found.restarts, found.exit_code) == (True, 2, None)
