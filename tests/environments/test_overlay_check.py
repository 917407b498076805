"""A commit's overlays are looked at as the engines read them, and each fault is named with its file and line."""

from pathlib import Path

import pytest

from idp.environments import repository as environments_repository
from idp.environments.overlay_check import overlay_faults
from tests.environments.overlay_tree import PIN, overlay_tree
from tests.support import git, save

pytestmark = pytest.mark.needs("docker", "kubectl")

LEAF = "environments/dev/billing"
GOOD_IMAGE = f"RELEASE_IMAGE={PIN.image}"
GOOD = f"{GOOD_IMAGE}\nRELEASE_VERSION={PIN.version}\nRELEASE_REVISION={PIN.revision}\n"


def faults(repository: Path, only: list[tuple[str, str]] | None = None) -> list[str]:
    commit = save(repository)
    found = overlay_faults(environments_repository.own(repository), commit, only)
    return [str(fault) for fault in found]


def test_overlays_as_they_are_rendered_have_no_faults_released_or_not(tmp_path: Path) -> None:
    overlay_tree(tmp_path, environments=["dev", "prod"])
    overlay_tree(tmp_path, service="ledger", environments=["staging"], pin=None)
    assert faults(tmp_path) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (GOOD.replace(GOOD_IMAGE, f'RELEASE_IMAGE="{PIN.image}"'), 1),
        (GOOD.replace(GOOD_IMAGE, f"{GOOD_IMAGE} # the good one"), 1),
        (GOOD.replace(GOOD_IMAGE, "RELEASE_IMAGE"), 1),
        (GOOD.replace(GOOD_IMAGE, f"export {GOOD_IMAGE}"), 1),
        (GOOD.replace(GOOD_IMAGE, "RELEASE_IMAGE=registry.example.org/acme/billing:1.4.0"), 1),
        (GOOD.replace(GOOD_IMAGE, "RELEASE_IMAGE=${IMAGE}"), 1),
        (GOOD.replace("\n", "\r\n"), 1),
        ("\ufeff" + GOOD, 1),
        (GOOD + f"RELEASE_VERSION={PIN.version}\n", 4),
        (GOOD.replace(f"={PIN.version}", "=1.4.0+build"), 2),
        (GOOD + "EXTRA=1\n", 4),
    ],
)
def test_each_pitfall_of_a_release_env_is_found_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    overlay_tree(tmp_path, environments=["dev"])
    (tmp_path / LEAF / "release.env").write_bytes(text.encode())
    found = faults(tmp_path)
    assert found
    assert found[0].startswith(f"{LEAF}/release.env:{line}: ")


def test_an_overlay_that_runs_another_image_is_found_per_engine(tmp_path: Path) -> None:
    overlay_tree(tmp_path, environments=["dev"])
    leaf = tmp_path / LEAF
    text = (leaf / "kustomization.yaml").read_text()
    (leaf / "kustomization.yaml").write_text(text.replace("[name=app].image", "[name=other].image"))
    with (leaf / "compose.yaml").open("a") as file:
        file.write("    image: stranger/image\n")
    compose, kustomize = faults(tmp_path)
    assert compose.startswith(f"{LEAF}/compose.yaml: Compose would run stranger/image, and release.env says ")
    assert kustomize.startswith(f"{LEAF}/kustomization.yaml: Kustomize")


@pytest.mark.parametrize("file", ["compose.yaml", "kustomization.yaml"])
@pytest.mark.parametrize(
    "text", ["", "{", "services: 7\nresources: 7\n", "include: [nowhere.yaml]\nresources: [nowhere]\n"]
)
def test_a_file_that_an_engine_refuses_is_a_fault_without_paths_of_this_machine(
    tmp_path: Path, file: str, text: str
) -> None:
    overlay_tree(tmp_path, environments=["dev"])
    (tmp_path / LEAF / file).write_text(text)
    (found,) = faults(tmp_path)
    assert found.startswith(f"{LEAF}/{file}: ")
    assert "idp-overlays-" not in found


def test_config_names_folders_and_missing_files_are_looked_at(tmp_path: Path) -> None:
    overlay_tree(tmp_path, environments=["dev"])
    overlay_tree(tmp_path, service="ledger", environments=["dev"])
    overlay_tree(tmp_path, service="shop", environments=["dev"])
    (tmp_path / LEAF / "config.env").write_text("# ok\nPORT=9090\nWORD\n")
    for name in ("compose.yaml", "kustomization.yaml"):
        (tmp_path / "environments/dev/ledger" / name).unlink()
    (tmp_path / "environments/dev/shop/kustomization.yaml").unlink()
    (tmp_path / "environments/dev/No Service").mkdir()
    (tmp_path / "environments/dev/No Service/compose.yaml").write_text("{}")
    found = faults(tmp_path)
    assert [text.partition(": ")[0] for text in found] == [
        "environments/dev/No Service",
        f"{LEAF}/config.env:2",
        f"{LEAF}/config.env:3",
        "environments/dev/ledger",
    ]


def test_only_what_is_asked_for_is_looked_at(tmp_path: Path) -> None:
    overlay_tree(tmp_path, environments=["dev", "prod"])
    (tmp_path / LEAF / "release.env").write_text("broken\n")
    assert faults(tmp_path, [("prod", "billing")]) == []
    assert faults(tmp_path, [("dev", "billing")]) != []
    assert faults(tmp_path, []) == []
    git("rm", "-rq", "environments", cwd=tmp_path)
    assert faults(tmp_path) == []
