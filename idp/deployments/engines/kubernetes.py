"""Kubernetes, by kubectl: one Deployment per service and environment, as `environments/<env>/<service>` renders."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.core import process
from idp.core.errors import AdapterError, UserError
from idp.deployments.engines.kubernetes_forward import forwarding
from idp.deployments.engines.kubernetes_pods import instance, pod_fault
from idp.deployments.model import Fault, Instance, engine_fault, last_line
from idp.environments.pin import Pin

_QUICK_SECONDS = 60
_APPLY_SECONDS = 120
_LOOK_SECONDS = 5
_LOG_LINES = 5
_OWNER = ("--server-side", "--field-manager=idp")
_DIFFERS = 1


@dataclass(frozen=True)
class KubernetesDeployment:
    """One service in one environment, as Kustomize renders it.

    Attributes:
        kubectl: the command, with the context that the environment names.
        shared: the folder of what the environment has once for all its services.
        manifests: the service's own, rendered: what was looked at is what is applied.
        selector: labels of its pods.
        container: the one that runs the release's image.
        port: the one that this container listens on.
    """

    kubectl: tuple[str, ...]
    shared: Path
    manifests: str
    namespace: str
    name: str
    selector: str
    container: str
    image: str
    port: int

    def pull(self, image: str) -> Fault | None:
        """The nodes pull it themselves, and the pods that ran before stay until they have."""

    def apply(self, seconds: float) -> Fault | None:
        """Apply what the environment shares, then the service, and wait for its rollout."""
        for argv, stdin in ((["-k", str(self.shared)], ""), (["-f", "-"], self.manifests)):
            done = _run([*self.kubectl, "apply", *_OWNER, *argv], stdin=stdin, timeout=_APPLY_SECONDS)
            if done.exit_code:
                return engine_fault(done.stderr)
        return self._await_rollout(seconds)

    def _await_rollout(self, seconds: float) -> Fault | None:
        deadline = time.monotonic() + seconds
        while True:
            left = max(1, min(_LOOK_SECONDS, round(deadline - time.monotonic())))
            rollout = ("rollout", "status", f"deployment/{self.name}", f"--timeout={left}s")
            done = self._own(*rollout, timeout=left + _QUICK_SECONDS)
            if done.exit_code == 0:
                return None
            over = time.monotonic() > deadline
            for pod in self._pods(of_release=True):
                if fault := pod_fault(pod, self.container, self.image, seconds if over else None, self._logs):
                    return fault
            if over:
                said = last_line(done.stderr or done.stdout)
                hint = f"See `kubectl describe deployment {self.name} --namespace {self.namespace}`, then deploy again."
                return Fault(f"Its pods did not come up within {seconds:g} s: {said}", False, hint)

    def instances(self) -> tuple[Instance, ...]:
        """The Deployment's pods that are not about to go."""
        return tuple(instance(pod, self.container, self._logs) for pod in self._pods())

    def _pods(self, *, of_release: bool = False) -> list[Mapping[str, Any]]:
        done = self._own("get", "pods", f"--selector={self.selector}", "--output=json")
        if done.exit_code:
            if "not found" in done.stderr.lower():  # no such namespace: nothing runs yet
                return []
            raise _unreachable(done.stderr)
        pods = [pod for pod in json.loads(done.stdout)["items"] if "deletionTimestamp" not in pod["metadata"]]
        return [pod for pod in pods if not of_release or self.image in _images(pod)]

    def _logs(self, pod: str) -> str:
        for which in (("--previous",), ()):
            done = self._own("logs", pod, f"--container={self.container}", f"--tail={_LOG_LINES}", *which)
            if done.exit_code == 0 and done.stdout.strip():
                return last_line(done.stdout)
        return ""

    def is_current(self) -> bool:
        """Whether an apply would change nothing."""
        done = _run([*self.kubectl, "diff", *_OWNER, "-f", "-"], stdin=self.manifests, timeout=_APPLY_SECONDS)
        if done.exit_code > _DIFFERS:
            raise _unreachable(done.stderr)
        return done.exit_code == 0

    @contextmanager
    def reachable(self) -> Iterator[Callable[[], str | None]]:
        """A forwarded port to one of the pods: it gets past network policies, as the pod's own node does."""
        pods = [pod["metadata"]["name"] for pod in self._pods(of_release=True)]
        if not pods:
            yield lambda: None
            return
        command = [*self.kubectl, "port-forward", f"--namespace={self.namespace}", "--address=127.0.0.1"]
        with forwarding([*command, f"pod/{pods[0]}", f":{self.port}"]) as locate:
            yield locate

    def url(self) -> str | None:
        """Its address inside the cluster."""
        return f"http://{self.name}.{self.namespace}.svc:{self.port}"

    def _own(self, *argv: str, timeout: float = _QUICK_SECONDS) -> process.Completed:
        return _run([*self.kubectl, f"--namespace={self.namespace}", *argv], timeout=timeout)


def kubectl(context: str | None) -> tuple[str, ...]:
    """The command for a cluster: that of the context, None takes the current one."""
    return ("kubectl", f"--context={context}") if context else ("kubectl",)


def check(context: str | None) -> None:
    """Whether the cluster answers.

    Raises:
        AdapterError: it does not, or there is no kubectl.
    """
    done = _run([*kubectl(context), "get", "--raw=/version", "--request-timeout=15s"], timeout=_QUICK_SECONDS)
    if done.exit_code:
        raise _unreachable(done.stderr)


def load(leaf: Path, pin: Pin, context: str | None) -> KubernetesDeployment:
    """Render a leaf with Kustomize, and see that it runs the image of the pin.

    Raises:
        UserError: there is none, Kustomize refuses it, or it runs another image than release.env names.
    """
    import yaml

    if not (leaf / "kustomization.yaml").is_file():
        raise UserError(
            "overlay-missing",
            "There is no kustomization.yaml beside the service's release.env.",
            "Run `idp env add` for the service, which renders its overlay; then deploy again.",
        )
    done = _run(["kubectl", "kustomize", str(leaf)], timeout=_QUICK_SECONDS)
    if done.exit_code:
        raise UserError(
            "overlay-invalid",
            f"Kustomize refuses the overlay: {last_line(done.stderr)}",
            "Run `kubectl kustomize environments/<env>/<service>` to see what is wrong with it.",
        )
    documents = [each for each in yaml.safe_load_all(done.stdout) if isinstance(each, dict)]
    deployment, container = _deployment_of(documents, pin)
    labels = deployment["spec"]["selector"]["matchLabels"]
    return KubernetesDeployment(
        kubectl=kubectl(context),
        shared=leaf.parent,
        manifests=done.stdout,
        namespace=deployment["metadata"].get("namespace", "default"),
        name=deployment["metadata"]["name"],
        selector=",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        container=container["name"],
        image=pin.image,
        port=int(container["ports"][0]["containerPort"]),
    )


def _deployment_of(documents: list[dict[str, Any]], pin: Pin) -> tuple[dict[str, Any], dict[str, Any]]:
    """The Deployment that runs the release, and the container of it that does."""
    found = [
        (document, container)
        for document in documents
        if document.get("kind") == "Deployment"
        for container in document["spec"]["template"]["spec"]["containers"]
        if container.get("image") == pin.image
    ]
    if len(found) != 1:
        raise UserError(
            "overlay-image-wrong",
            f"The overlay renders {len(found)} containers with the image {pin.image} of release.env.",
            "Have exactly one container of a Deployment take its image from release.env (`replacements`).",
        )
    return found[0]


def _images(pod: Mapping[str, Any]) -> list[str]:
    return [container.get("image", "") for container in pod["spec"]["containers"]]


def _run(argv: list[str], *, timeout: float, stdin: str = "") -> process.Completed:
    return process.run(argv, stdin=stdin, timeout=timeout)


def _unreachable(words: str) -> AdapterError:
    return AdapterError(
        "engine-unreachable",
        f"The cluster does not answer: {last_line(words)}",
        "See `kubectl cluster-info` and `kubectl config get-contexts`; `context` in environments.yaml names one.",
    )
