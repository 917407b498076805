"""A stand-in for a cluster's API server: enough of its protocol for a real kubectl to apply, wait, read and diff.

What stands in, too, is `kubectl port-forward`, which is a program of its own here: see `kubectl_in`.
"""

import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.quiet_server import QuietServer

Object = dict[str, Any]
_RESOURCES = {
    "v1": ["Namespace", "Service", "ServiceAccount", "ConfigMap", "Pod"],
    "apps/v1": ["Deployment"],
    "autoscaling/v2": ["HorizontalPodAutoscaler"],
    "policy/v1": ["PodDisruptionBudget"],
    "networking.k8s.io/v1": ["NetworkPolicy"],
}
_WATCH_SECONDS = 30


def plural(kind: str) -> str:
    return kind.lower().removesuffix("y") + "ies" if kind.endswith("y") else kind.lower() + "s"


_COLLECTIONS = {plural(kind) for kinds in _RESOURCES.values() for kind in kinds}


@dataclass
class Cluster:
    """What the API server knows, and what becomes of a Deployment that is applied.

    Attributes:
        outcomes: digest → what its pods' container is like; a digest that is not named runs well.
        objects: path of the collection → name → object.
    """

    outcomes: dict[str, Object] = field(default_factory=dict)
    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)
    wanted: dict[tuple[str, str], Object] = field(default_factory=dict)
    logs: str = ""
    version: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_well(self, image: str) -> bool:
        return image.rpartition("@")[2] not in self.outcomes

    def apply(self, collection: str, name: str, wanted: Object, *, dry: bool) -> Object:
        with self.lock:
            present = self.objects.setdefault(collection, {}).get(name)
            same = present is not None and self.wanted.get((collection, name)) == wanted
            if same and present is not None:
                made = present
            else:
                generation = present["metadata"]["generation"] + 1 if present else 1
                created = {
                    "uid": f"uid-{name}",
                    "resourceVersion": "1",
                    "creationTimestamp": "2026-01-01T00:00:00Z",
                }
                made = {**wanted, "metadata": {**wanted["metadata"], **created, "generation": generation}}
            if not dry:
                self.applied.append(f"{wanted['kind']}/{name}")
                self.wanted[collection, name] = wanted
                self.objects[collection][name] = made
                if wanted["kind"] == "Deployment" and not same:
                    self._roll_out(collection, made)
            return made

    def _roll_out(self, collection: str, deployment: Object) -> None:
        template = deployment["spec"]["template"]
        container = next(each for each in template["spec"]["containers"] if each["name"] == "app")
        well = self.is_well(container["image"])
        namespace = collection.split("/")[-2]
        pods = self.objects.setdefault(f"/api/v1/namespaces/{namespace}/pods", {})
        if well:
            pods.clear()
        generation = deployment["metadata"]["generation"]
        name = f"{deployment['metadata']['name']}-{generation}"
        state = self.outcomes.get(
            container["image"].rpartition("@")[2],
            {"state": {"running": {}}, "ready": True, "restartCount": 0},
        )
        pods[name] = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": template["metadata"]["labels"]},
            "spec": {"containers": [container]},
            "status": {
                "phase": "Running",
                "containerStatuses": [
                    {"name": "app", "image": container["image"], "imageID": container["image"], **state}
                ],
            },
        }
        deployment["spec"] = {**deployment["spec"], "replicas": 1}
        self.version = template["metadata"]["labels"]["app.kubernetes.io/version"]
        deployment["status"] = {
            "observedGeneration": generation,
            "replicas": 1 if well else 2,
            "updatedReplicas": 1,
            "readyReplicas": 1,
            "availableReplicas": 1,
            "conditions": [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}],
        }


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cluster: Cluster

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/version":
            self._answer({"major": "1", "minor": "32", "gitVersion": "v1.32.0"})
        elif (found := _discovery(url.path) or _openapi(url.path)) is not None:
            self._answer(found)
        elif url.path.endswith("/log"):
            self._send(200, self.cluster.logs.encode(), "text/plain")
        elif url.path.rpartition("/")[2] in _COLLECTIONS:
            self._list(url.path, query)
        else:
            collection, _, name = url.path.rpartition("/")
            item = self.cluster.objects.get(collection, {}).get(name)
            self._answer(item) if item else self._missing(name)

    def do_PATCH(self) -> None:
        url = urlsplit(self.path)
        body = yaml.safe_load(self.rfile.read(int(self.headers["Content-Length"])))
        collection, _, name = url.path.rpartition("/")
        assert self.headers["Content-Type"] == "application/apply-patch+yaml"
        self._answer(self.cluster.apply(collection, name, body, dry="dryRun=All" in url.query))

    def _list(self, path: str, query: dict[str, str]) -> None:
        items = list(self.cluster.objects.get(path, {}).values())
        if "fieldSelector" in query:
            items = [
                each for each in items if each["metadata"]["name"] == query["fieldSelector"].partition("=")[2]
            ]
        if "labelSelector" in query:
            wanted = dict(pair.split("=") for pair in query["labelSelector"].split(","))
            items = [each for each in items if wanted.items() <= each["metadata"]["labels"].items()]
        if query.get("watch") in {"true", "1"}:
            self._watch()
            return
        kind = next(
            kind for kinds in _RESOURCES.values() for kind in kinds if plural(kind) == path.rpartition("/")[2]
        )
        version = "v1" if path.startswith("/api/") else "/".join(path.split("/")[2:4])
        self._answer(
            {
                "kind": f"{kind}List",
                "apiVersion": version,
                "metadata": {"resourceVersion": "1"},
                "items": items,
            }
        )

    def _watch(self) -> None:
        """Nothing ever changes while somebody watches; a connection that is closed by the client ends it."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        self.connection.settimeout(_WATCH_SECONDS)
        try:
            self.connection.recv(1)
        except OSError:
            return
        self.close_connection = True

    def _missing(self, name: str) -> None:
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": "NotFound",
            "code": 404,
            "message": f'"{name}" not found',
        }
        self._answer(status, 404)

    def _answer(self, body: Object, status: int = 200) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


def _openapi(path: str) -> Object | None:
    """All that kubectl reads in it before an apply: that the server itself judges unknown fields."""
    folders = {version: f"{'apis' if '/' in version else 'api'}/{version}" for version in _RESOURCES}
    if path == "/openapi/v3":
        return {
            "paths": {
                folder: {"serverRelativeURL": f"/openapi/v3/{folder}?hash=1"} for folder in folders.values()
            }
        }
    version = next((each for each, folder in folders.items() if path == f"/openapi/v3/{folder}"), None)
    if version is None:
        return None
    group, _, number = version.rpartition("/")
    patches = {
        f"/{kind}": {
            "patch": {
                "parameters": [{"name": "fieldValidation", "in": "query"}],
                "responses": {},
                "x-kubernetes-group-version-kind": {"group": group, "version": number, "kind": kind},
            }
        }
        for kind in _RESOURCES[version]
    }
    return {"openapi": "3.0.0", "info": {"title": "cluster", "version": "1"}, "paths": patches}


def _discovery(path: str) -> Object | None:
    groups = [version for version in _RESOURCES if "/" in version]
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        listed = []
        for version in groups:
            preferred = {"groupVersion": version, "version": version.partition("/")[2]}
            listed.append(
                {"name": version.partition("/")[0], "versions": [preferred], "preferredVersion": preferred}
            )
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": listed}
    version = path.removeprefix("/api/").removeprefix("/apis/")
    if path in {"/api/v1", *(f"/apis/{group}" for group in groups)}:
        resources = [
            {
                "name": plural(kind),
                "kind": kind,
                "namespaced": kind != "Namespace",
                "verbs": ["get", "list", "watch", "patch"],
            }
            for kind in _RESOURCES[version]
        ]
        return {"kind": "APIResourceList", "groupVersion": version, "resources": resources}
    return None


class _Pod(http.server.BaseHTTPRequestHandler):
    """What answers on a forwarded port: the newest pod, as a service that keeps the contract."""

    cluster: Cluster

    def do_GET(self) -> None:
        build = f'service_build_info{{version="{self.cluster.version}"}} 1\n'
        content = build.encode() if self.path == "/metrics" else b'{"status": "ready"}'
        self.send_response(200)
        self.send_header("X-Request-ID", self.headers.get("X-Request-ID", ""))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def _serving(handler: type[http.server.BaseHTTPRequestHandler], cluster: Cluster) -> Iterator[int]:
    server = QuietServer(("127.0.0.1", 0), type("Handler", (handler,), {"cluster": cluster}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def running(folder: Path) -> Iterator[tuple[Cluster, dict[str, str]]]:
    """A cluster, and the variables by which kubectl finds it: contexts `nowhere` (the current one) and `here`."""
    cluster = Cluster()
    with _serving(_Handler, cluster) as port, _serving(_Pod, cluster) as pod:
        config = folder / "kubeconfig"
        clusters = {"here": port, "nowhere": 1}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": n, "cluster": {"server": f"http://127.0.0.1:{p}"}} for n, p in clusters.items()
            ],
            "contexts": [{"name": n, "context": {"cluster": n, "user": "nobody"}} for n in clusters],
            "users": [{"name": "nobody", "user": {}}],
            "current-context": "nowhere",
        }
        config.write_text(json.dumps(document))
        path = f"{kubectl_in(folder, pod)}:{os.environ['PATH']}"
        yield cluster, {"KUBECONFIG": str(config), "PATH": path, "KUBECACHEDIR": str(folder / "cache")}


def kubectl_in(folder: Path, port: int) -> Path:
    """A folder with a `kubectl` that is the real one, but for `port-forward`."""
    real = shutil.which("kubectl")
    assert real is not None
    script = folder / "bin" / "kubectl"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\n"
        f'case " $* " in *" port-forward "*) echo "Forwarding from 127.0.0.1:{port} -> 8080"; exec sleep 600;; esac\n'
        f'exec "{real}" "$@"\n'
    )
    script.chmod(0o755)
    return script.parent
