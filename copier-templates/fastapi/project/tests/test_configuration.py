from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.config_provider import Configuration, ConfigurationError, LayeredSettings, Layers, load
from app.settings import Settings


class Example(LayeredSettings):
    """A service's settings with a required secret."""

    service_name: str
    colour: str = "default"
    sizes: tuple[int, ...] = ()
    database_password: SecretStr


class Safe:
    """A provider of one's own, as CONFIG_PROVIDER=tests.test_configuration:Safe names it."""

    def __init__(self, layers: Layers) -> None:
        self.layers = layers

    def fetch(self, keys: Collection[str]) -> Mapping[str, str]:
        assert "DATABASE_PASSWORD" in keys
        return {"DATABASE_PASSWORD": "from the safe", "UNKNOWN": "ignored", "SIZES": "[1, 2]"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for key in ("PORT", "COLOUR", "DATABASE_PASSWORD", "CONFIG_FILE", "CONFIG_PROVIDER", "ENVIRONMENT", "VAULT_ADDR"):
        monkeypatch.delenv(key, raising=False)


def test_a_later_layer_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "from the environment")
    assert load(Example).colour == "default"
    (tmp_path / "config.toml").write_text('COLOUR = "file"\nservice_name = "file"\nsizes = [3]')
    monkeypatch.setenv("CONFIG_FILE", "config.toml")
    assert (load(Example).colour, load(Example).sizes) == ("file", (3,))
    (tmp_path / ".env").write_text("COLOUR=dotenv")
    assert load(Example).colour == "dotenv"
    monkeypatch.setenv("COLOUR", "environment")
    monkeypatch.setenv("CONFIG_PROVIDER", f"{__name__}:Safe")
    snapshot = load(Example)
    assert (snapshot.service_name, snapshot.colour, snapshot.sizes) == ("file", "environment", (1, 2))
    assert snapshot.database_password.get_secret_value() == "from the safe"


def test_an_empty_variable_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load(Settings).port == 8080


def test_a_missing_key_is_named() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(Example)
    assert caught.value.problems == {"DATABASE_PASSWORD": "missing"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("PORT", "s3cret"),
        ("CONFIG_FILE", "absent.toml"),
        ("CONFIG_PROVIDER", "nonsense"),
        ("CONFIG_PROVIDER", "app.config_provider:Nothing"),
        ("CONFIG_PROVIDER", ":"),
    ],
)
def test_a_wrong_value_is_named_by_its_key(monkeypatch: pytest.MonkeyPatch, key: str, value: str) -> None:
    monkeypatch.setenv(key, value)
    with pytest.raises(ConfigurationError) as caught:
        load(Settings)
    assert list(caught.value.problems) == [key]
    assert "s3cret" not in str(caught.value), "a wrong value may be a secret"


def test_the_contract_probe_is_refused_in_prod(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVIRONMENT", "prod")
    monkeypatch.setenv("CONTRACT_PROBE", "true")
    with pytest.raises(ConfigurationError, match="CONTRACT_PROBE"):
        load(Settings)


def test_a_snapshot_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(Settings).port = 1  # type: ignore[misc]


def test_a_reload_swaps_the_snapshot_and_keeps_the_last_good_one(monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = Configuration(lambda: load(Settings))
    first = configuration.current
    monkeypatch.setenv("PORT", "1234")
    assert configuration.reload() is configuration.current
    assert (first.port, configuration.current.port) == (8080, 1234)
    monkeypatch.setenv("PORT", "nonsense")
    with pytest.raises(ConfigurationError):
        configuration.reload()
    assert configuration.current.port == 1234


def test_secrets_are_listed_for_the_logs_to_hide() -> None:
    class WithSecret(Settings):
        token: SecretStr

    assert WithSecret(service_name="x", token=SecretStr("hidden")).secrets() == ("hidden",)
    assert "hidden" not in repr(WithSecret(service_name="x", token=SecretStr("hidden")))
