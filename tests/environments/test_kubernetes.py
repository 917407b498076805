"""What Kustomize makes of the overlays: valid, hardened, and each leaf sufficient by itself."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from idp.environments.pin import Pin
from tests.environments.conftest import Documents
from tests.environments.overlay_tree import ADDED, PIN, SHIPPED, overlay_tree
from tests.support import ROOT, run

pytestmark = pytest.mark.needs("kubectl")

ENVIRONMENTS = (*SHIPPED, ADDED)
EVERYWHERE = {
    "ConfigMap", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Service",
    "ServiceAccount",
}  # fmt: skip
CUSTOM = {"ServiceMonitor"}


def build(folder: Path) -> list[dict[str, Any]]:
    done = run("kubectl", "kustomize", folder, cwd=folder)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def container(deployment: Mapping[str, Any]) -> Mapping[str, Any]:
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def refuse_invalid(document: Mapping[str, Any]) -> None:
    for version in ("1.30", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(document, version, strict=True)


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_object_is_valid_in_old_and_new_kubernetes(
    objects: Mapping[str, Documents], environment: str
) -> None:
    kinds = set(objects[environment])
    assert kinds == EVERYWHERE | (CUSTOM if environment == "prod" else set())
    for kind in kinds - CUSTOM:
        refuse_invalid(objects[environment][kind])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_environment_is_a_namespace_that_denies_by_default(overlays: Path, environment: str) -> None:
    found = {document["kind"]: document for document in build(overlays / environment)}
    assert set(found) == {"Namespace", "NetworkPolicy"}
    for document in found.values():
        refuse_invalid(document)
    assert found["Namespace"]["metadata"]["name"] == environment
    assert found["Namespace"]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert found["NetworkPolicy"]["metadata"]["namespace"] == environment
    assert found["NetworkPolicy"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_all_objects_bear_the_service_s_name_and_select_its_pods_alone(
    objects: Mapping[str, Documents], environment: str
) -> None:
    found = objects[environment]
    names = {kind: document["metadata"]["name"] for kind, document in found.items()}
    assert names.pop("ConfigMap").startswith("billing-")
    assert set(names.values()) == {"billing"}
    assert {document["metadata"]["namespace"] for document in found.values()} == {environment}
    selected = {"app.kubernetes.io/name": "billing"}
    pod = found["Deployment"]["spec"]["template"]
    assert selected.items() <= pod["metadata"]["labels"].items()
    assert found["Deployment"]["spec"]["selector"] == {"matchLabels": selected}
    assert found["Service"]["spec"]["selector"] == selected
    assert found["PodDisruptionBudget"]["spec"]["selector"] == {"matchLabels": selected}
    assert found["NetworkPolicy"]["spec"]["podSelector"] == {"matchLabels": selected}
    for constraint in pod["spec"]["topologySpreadConstraints"]:
        assert constraint["labelSelector"] == {"matchLabels": selected}
    if "ServiceMonitor" in found:
        assert found["ServiceMonitor"]["spec"]["selector"] == {"matchLabels": selected}
    assert pod["spec"]["serviceAccountName"] == "billing"
    assert found["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == "billing"


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_release_is_what_release_env_says(objects: Mapping[str, Documents], environment: str) -> None:
    deployment = objects[environment]["Deployment"]
    pod = deployment["spec"]["template"]["metadata"]
    assert container(deployment)["image"] == PIN.image
    assert pod["labels"]["app.kubernetes.io/version"] == PIN.version
    assert pod["annotations"]["org.opencontainers.image.revision"] == PIN.revision
    assert deployment["metadata"]["labels"]["app.kubernetes.io/version"] == PIN.version


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_service_is_told_who_and_where_it_is(objects: Mapping[str, Documents], environment: str) -> None:
    deployment = objects[environment]["Deployment"]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    told = {
        each["name"]: each["value"]
        if "value" in each
        else labels[
            each["valueFrom"]["fieldRef"]["fieldPath"].removeprefix("metadata.labels['").removesuffix("']")
        ]
        for each in container(deployment)["env"]
    }
    assert told == {
        "SERVICE_NAME": "billing",
        "SERVICE_VERSION": PIN.version,
        "ENVIRONMENT": "staging" if environment == ADDED else environment,
        "HOST": "0.0.0.0",  # noqa: S104 - compared, not bound
        "PORT": "8080",
    }
    config = objects[environment]["ConfigMap"]
    assert container(deployment)["envFrom"] == [{"configMapRef": {"name": config["metadata"]["name"]}}]
    assert config["data"] == {"LOG_LEVEL": "INFO"}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_base_is_hardened(objects: Mapping[str, Documents], environment: str) -> None:
    found = objects[environment]
    deployment, autoscaler = found["Deployment"]["spec"], found["HorizontalPodAutoscaler"]["spec"]
    pod, own = deployment["template"]["spec"], container(found["Deployment"])
    assert "replicas" not in deployment
    assert autoscaler["minReplicas"] >= 2
    assert autoscaler["maxReplicas"] > autoscaler["minReplicas"]
    assert found["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert (
        own["startupProbe"]["httpGet"]
        == own["livenessProbe"]["httpGet"]
        == {"path": "/health/live", "port": "http"}
    )
    assert own["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "http"}
    # preStop, then the contract's DRAIN_SECONDS and SHUTDOWN_GRACE_SECONDS.
    assert pod["terminationGracePeriodSeconds"] > own["lifecycle"]["preStop"]["sleep"]["seconds"] + 5 + 20
    assert pod["automountServiceAccountToken"] is False
    assert found["ServiceAccount"]["automountServiceAccountToken"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert own["securityContext"]["readOnlyRootFilesystem"] is True
    assert own["securityContext"]["allowPrivilegeEscalation"] is False
    assert own["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert {"cpu", "memory", "ephemeral-storage"} == set(own["resources"]["requests"])
    assert {"memory", "ephemeral-storage"} == set(own["resources"]["limits"])
    assert {constraint["topologyKey"] for constraint in pod["topologySpreadConstraints"]} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }
    assert set(found["NetworkPolicy"]["spec"]["policyTypes"]) == {"Ingress", "Egress"}


def test_production_is_highly_available_and_observed(objects: Mapping[str, Documents]) -> None:
    dev, prod = objects["dev"], objects["prod"]
    assert prod["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == 3
    assert dev["HorizontalPodAutoscaler"]["spec"]["minReplicas"] == 2
    spread = {
        name: [
            each["whenUnsatisfiable"]
            for each in found["Deployment"]["spec"]["template"]["spec"]["topologySpreadConstraints"]
        ]
        for name, found in (("dev", dev), ("prod", prod))
    }
    assert spread == {"dev": ["ScheduleAnyway"] * 2, "prod": ["DoNotSchedule", "ScheduleAnyway"]}
    (endpoint,) = prod["ServiceMonitor"]["spec"]["endpoints"]
    ports = {port["name"] for port in prod["Service"]["spec"]["ports"]}
    assert endpoint["port"] in ports
    assert endpoint["path"] == "/metrics"
    ingress = prod["NetworkPolicy"]["spec"]["ingress"]
    monitoring = {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}
    assert [{"namespaceSelector": monitoring}] in [rule["from"] for rule in ingress]
    assert len(dev["NetworkPolicy"]["spec"]["ingress"]) == len(ingress) - 1


@pytest.mark.parametrize("revision", ["1" * 40, "1" * 37 + "e10", "0" * 37 + "777", "0" * 40])
def test_a_revision_that_looks_like_a_number_stays_text(tmp_path: Path, revision: str) -> None:
    environments = overlay_tree(tmp_path, environments=["dev"], pin=Pin(PIN.image, PIN.version, revision))
    (deployment,) = (each for each in build(environments / "dev/billing") if each["kind"] == "Deployment")
    refuse_invalid(deployment)
    assert (
        deployment["spec"]["template"]["metadata"]["annotations"]["org.opencontainers.image.revision"]
        == revision
    )


@pytest.mark.parametrize("name", ["on", "no", "y", "n", "off", "e1", "x" * 40])
def test_a_service_may_be_called_what_yaml_takes_for_something_else(tmp_path: Path, name: str) -> None:
    environments = overlay_tree(tmp_path, service=name, environments=["prod"])
    for document in build(environments / "prod" / name):
        assert document["metadata"]["name"].startswith(name)
        if document["kind"] not in CUSTOM:
            refuse_invalid(document)


def test_two_services_share_no_object(tmp_path: Path) -> None:
    environments = overlay_tree(tmp_path, environments=["prod"])
    overlay_tree(tmp_path, service="ledger", environments=["prod"])
    names = [
        {
            (document["kind"], document["metadata"]["name"])
            for document in build(environments / "prod" / service)
        }
        for service in ("billing", "ledger")
    ]
    assert not names[0] & names[1]


def test_what_a_person_adds_is_kept_and_its_selectors_are_left_alone(tmp_path: Path) -> None:
    environments = overlay_tree(tmp_path, environments=["dev"])
    leaf = environments / "dev/billing"
    text = (leaf / "kustomization.yaml").read_text()
    (leaf / "kustomization.yaml").write_text(
        text.replace(
            "  # What is this service's alone goes here: more patches, and more `resources` above.\n",
            """\
  - target: {kind: NetworkPolicy, name: app}
    patch: |-
      - op: add
        path: /spec/egress/-
        value: {to: [{podSelector: {matchLabels: {app.kubernetes.io/name: ledger}}}]}
""",
        )
    )
    (policy,) = (each for each in build(leaf) if each["kind"] == "NetworkPolicy")
    assert {"to": [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "ledger"}}}]} in policy["spec"][
        "egress"
    ]
    assert policy["spec"]["podSelector"] == {"matchLabels": {"app.kubernetes.io/name": "billing"}}


@pytest.mark.slow
@pytest.mark.needs("checkov")
def test_checkov_finds_nothing_but_what_is_excused_and_nothing_is_excused_in_vain(
    manifests: Mapping[str, str], overlays: Path, tmp_path: Path
) -> None:
    for environment, text in manifests.items():
        (tmp_path / f"{environment}.yaml").write_text(text)
        namespace = run("kubectl", "kustomize", overlays / environment, cwd=overlays).stdout
        (tmp_path / f"{environment}-namespace.yaml").write_text(namespace)
    done = run(
        "checkov", "--directory", tmp_path, "--framework", "kubernetes", "--output", "json", "--quiet",
        "--skip-download", cwd=tmp_path, env={"LOG_LEVEL": "ERROR"},
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["summary"]["passed"] > 80 * len(ENVIRONMENTS)
    assert report["summary"]["parsing_errors"] == 0
    excused = yaml.safe_load((ROOT / "environments/checkov.yaml").read_text())["skip-check"]
    assert {check["check_id"] for check in report["results"]["failed_checks"]} == set(excused)
