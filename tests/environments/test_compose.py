"""What Compose makes of the overlays: each leaf sufficient by itself, pinned by its release.env, hardened."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from idp.environments import overlay
from idp.environments import render as rendering
from tests.environments.overlay_tree import ADDED, PIN, SHIPPED, SOURCE, overlay_tree
from tests.support import ROOT, run

pytestmark = pytest.mark.needs("docker", "kubectl")

ENVIRONMENTS = (*SHIPPED, ADDED)


def resolved(leaf: Path, cwd: Path, env: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The model as anybody gets it: no flags, from any folder."""
    done = run(
        "docker", "compose", "--file", leaf / "compose.yaml", "config", "--format", "json", cwd=cwd, env=env
    )
    assert done.returncode == 0, done.stderr
    model: dict[str, Any] = json.loads(done.stdout)
    return model


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_leaf_alone_says_everything(overlays: Path, tmp_path: Path, environment: str) -> None:
    model = resolved(overlays / environment / "billing", tmp_path)
    assert model["name"] == f"{environment}-billing"
    assert model["networks"]["environment"]["name"] == f"idp-{environment}"
    (own,) = model["services"].values()
    assert own["image"] == PIN.image
    assert own["environment"] == {
        "SERVICE_NAME": "billing",
        "SERVICE_VERSION": PIN.version,
        "ENVIRONMENT": "staging" if environment == ADDED else environment,
        "HOST": "0.0.0.0",  # noqa: S104 - compared, not bound
        "PORT": "8080",
        "LOG_LEVEL": "INFO",
    }
    assert own["networks"]["environment"]["aliases"] == ["billing"]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_container_is_hardened_and_has_time_to_drain(
    overlays: Path, tmp_path: Path, environment: str
) -> None:
    own = resolved(overlays / environment / "billing", tmp_path)["services"]["app"]
    assert own["read_only"] is True
    assert own["cap_drop"] == ["ALL"]
    assert own["security_opt"] == ["no-new-privileges:true"]
    assert own["user"] == "10001:10001"
    assert own["tmpfs"] == ["/tmp:size=64m,mode=1777"]  # noqa: S108 - in the container
    assert own["restart"] == "unless-stopped"
    assert own["stop_grace_period"] == "30s"  # the contract's 5 s and 20 s, and something to spare
    assert own["healthcheck"]["interval"] == "5s"
    assert own["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    (port,) = own["ports"]
    assert (port["host_ip"], port["target"]) == ("127.0.0.1", 8080)
    assert "published" not in port


def test_a_stable_port_is_one_line_away(tmp_path: Path) -> None:
    leaf = overlay_tree(tmp_path, environments=["dev"]) / "dev/billing"
    text = (leaf / "compose.yaml").read_text()
    (leaf / "compose.yaml").write_text(text.replace("    # ports: !override", "    ports: !override"))
    (port,) = resolved(leaf, tmp_path)["services"]["app"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8080", 8080)


def test_what_a_person_adds_is_laid_over(tmp_path: Path) -> None:
    leaf = overlay_tree(tmp_path, environments=["dev"]) / "dev/billing"
    with (leaf / "compose.yaml").open("a") as file:
        file.write(
            '    volumes: ["./data:/data:ro"]\n'
            "  cache:\n    image: registry.example.org/cache@sha256:" + "ca" * 32 + "\n"
        )
    model = resolved(leaf, tmp_path)
    assert model["services"].keys() == {"app", "cache"}
    assert model["services"]["app"]["image"] == PIN.image
    (volume,) = model["services"]["app"]["volumes"]
    assert volume["source"] == str(leaf / "data")
    assert rendering.image_in_compose(leaf) == (PIN.image,)
    (relative,) = rendering.compose_model(leaf)["services"]["app"]["volumes"]
    assert relative["source"] == "./data"


def test_nothing_of_the_shell_gets_into_what_idp_reads_and_raw_compose_is_documented_to_differ(
    overlays: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = overlays / "prod/billing"
    strangers = {
        "RELEASE_IMAGE": "stranger/image",
        "COMPOSE_PROJECT_NAME": "stranger",
        "RELEASE_VERSION": "9.9.9",
    }
    raw = resolved(leaf, tmp_path, strangers)
    assert raw["services"]["app"]["image"] == "stranger/image"
    assert "RELEASE_IMAGE" in (ROOT / "environments/README.md").read_text()
    for name, value in strangers.items():
        monkeypatch.setenv(name, value)
    model = rendering.compose_model(leaf)
    assert model["name"] == "prod-billing"
    assert model["services"]["app"]["image"] == PIN.image
    assert model["services"]["app"]["environment"]["SERVICE_VERSION"] == PIN.version


def test_a_dot_env_file_in_the_leaf_does_not_change_what_idp_reads(tmp_path: Path) -> None:
    leaf = overlay_tree(tmp_path, environments=["dev"]) / "dev/billing"
    (leaf / ".env").write_text("RELEASE_IMAGE=stranger/image\n")
    assert resolved(leaf, tmp_path)["services"]["app"]["image"] == "stranger/image"
    assert rendering.image_in_compose(leaf) == (PIN.image,)


@pytest.mark.parametrize("environment", SHIPPED)
def test_where_nothing_is_released_compose_says_so(tmp_path: Path, environment: str) -> None:
    leaf = overlay_tree(tmp_path, environments=[environment], pin=None) / environment / "billing"
    done = run("docker", "compose", "--file", leaf / "compose.yaml", "config", cwd=tmp_path)
    assert done.returncode != 0
    assert "release.env" in done.stderr


def test_the_platform_s_own_environments_are_what_env_add_writes() -> None:
    from idp.environments import overlay_files

    for environment in SHIPPED:
        for path, content in overlay_files.environment_files(SOURCE, environment).items():
            present = (ROOT / path).read_bytes()
            if (environment, path.parent.name) == ("prod", "_service"):
                components = b"components:\n  - ../../components/ha\n  - ../../components/observability\n"
                assert components in present
                present = present.replace(components, b"")
            assert present == content, path


KEYS = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]), max_size=12)


@given(pairs=st.dictionaries(KEYS, VALUES, min_size=1, max_size=6))
@example(pairs={"A": "$HOME ${B} $$ %s"})
@example(pairs={"A": 'say "hi"', "B": "it's", "C": "a # b", "D": "a=b=c", "E": "", "F": "\\n\\t"})
@example(pairs={"A": "é\u00a0b", "B": "true", "C": "0777", "D": "null", "E": "{{ x }}", "F": "- x: y"})
@settings(max_examples=12, deadline=None)
def test_a_config_env_without_faults_is_read_alike_by_both_engines(
    tmp_path_factory: pytest.TempPathFactory, pairs: dict[str, str]
) -> None:
    content = "# comment\n\n" + "".join(f"{key}={value}\n" for key, value in pairs.items())
    if any(overlay.config_faults(content.encode())):
        return
    leaf = overlay_tree(tmp_path_factory.mktemp("config"), environments=["dev"]) / "dev/billing"
    (leaf / "config.env").write_bytes(content.encode())
    (config,) = (
        document["data"] for document in rendering.documents(leaf) if document["kind"] == "ConfigMap"
    )
    told = rendering.compose_model(leaf)["services"]["app"]["environment"]
    assert config == pairs
    assert {key: told[key].replace("$$", "$") for key in pairs} == pairs


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\nB\n", 2), ("export A=1\n", 1), (" A=1\n", 1), ("A =1\n", 1), ("A= 1\n", 1), ("A=1 \n", 1),
        ("A=1\r\n", 1), ("A='1'\n", 1), ('A="1"\n', 1), ("A=1\n\nA=2\n", 3), ("PORT=1\n", 1), ("\ufeffA=1\n", 1),
        ("ENVIRONMENT=dev\n", 1), ("SERVICE_VERSION=1\n", 1), ("1A=1\n", 1), ("A-B=1\n", 1), ("A=\0\n", 1),
        ("A: 1\n", 1), ("   \n", 1), ("#ok\n #no\n", 2), ("A=" + "x" * 70_000 + "\n", 1),
    ],
)  # fmt: skip
def test_what_the_engines_would_read_differently_is_refused_with_its_line(text: str, line: int) -> None:
    faults = list(overlay.config_faults(text.encode()))
    assert [fault.line for fault in faults] == [line]
    assert faults[0].reason


def test_a_key_without_a_value_is_two_things_to_the_engines_and_refused(tmp_path: Path) -> None:
    leaf = overlay_tree(tmp_path, environments=["dev"]) / "dev/billing"
    (leaf / "config.env").write_text("WORD\n")
    told = resolved(leaf, tmp_path, {"WORD": "leaked"})["services"]["app"]["environment"]
    kustomized = run("kubectl", "kustomize", leaf, cwd=tmp_path, env={"WORD": "leaked"}).stdout
    assert told["WORD"] == "leaked"
    assert 'WORD: ""' in kustomized
    assert [fault.line for fault in overlay.config_faults(b"WORD\n")] == [1]
