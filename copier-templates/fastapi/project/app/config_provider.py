"""Where configuration comes from. No other module reads the environment (`make lint` sees to it).

Layers, a later one wins: app/defaults.toml < the TOML file named by CONFIG_FILE < .env < environment variables <
the secrets of the provider named by CONFIG_PROVIDER: `env` (none beyond these layers), `vault`, or
`package.module:Class`.
"""

import importlib
import tomllib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

DEFAULTS = Path(__file__).with_name("defaults.toml")
PROVIDERS = {"env": "app.config_provider:EnvProvider", "vault": "app.vault_provider:VaultProvider"}

S = TypeVar("S", bound="LayeredSettings")


class ConfigurationError(Exception):
    """The service cannot start as it is configured.

    Args:
        problems: what is wrong, by configuration key. Never holds a value: it may be a secret.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{key}: {problem}" for key, problem in self.problems.items()))


class LayeredSettings(BaseSettings):
    """Typed settings. An instance holds what it is given; `Layers.read` gathers that from the layers."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings' interface, as are the next three
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


class ConfigProvider(Protocol):
    """A place for secrets. A class named by CONFIG_PROVIDER is called with the `Layers` below it."""

    def fetch(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return values by configuration key; keys that the place does not know are left out.

        Args:
            keys: the keys that the service knows, in capitals. Others are ignored if returned.

        Raises:
            ConfigurationError: the place is unreachable, refuses access or is not configured.
        """
        ...


class EnvProvider:
    """The default: nothing beyond the layers, so secrets come from the environment or .env."""

    def __init__(self, layers: "Layers") -> None:
        self._layers = layers

    def fetch(self, keys: Collection[str]) -> Mapping[str, str]:  # noqa: ARG002 - the interface
        return {}


class ProviderSettings(LayeredSettings):
    """Which file and which provider to read; known before everything else."""

    config_file: Path | None = None
    config_provider: str = "env"


class _ProviderSource(EnvSettingsSource):
    """Reads a provider's values as if they were environment variables."""

    def __init__(self, settings_type: type[BaseSettings], values: Mapping[str, str]) -> None:
        self._values = values
        super().__init__(settings_type)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {key.lower(): value for key, value in self._values.items()}


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError({"CONFIG_FILE": f"{path} cannot be read: {type(error).__name__}"}) from error
    return {key.lower(): value for key, value in values.items()}


@dataclass(frozen=True)
class Layers:
    """Defaults, configuration file, .env and environment.

    Args:
        config_file: the optional TOML file.
        env_file: the .env file; it need not exist.
    """

    config_file: Path | None = None
    env_file: Path = Path(".env")

    def values(self, settings_type: type[LayeredSettings]) -> dict[str, Any]:
        """The merged, still unchecked values for the fields of one settings type."""
        merged = _read_toml(DEFAULTS)
        if self.config_file is not None:
            merged |= _read_toml(self.config_file)
        merged |= DotEnvSettingsSource(settings_type, env_file=self.env_file, env_ignore_empty=True)()
        merged |= EnvSettingsSource(settings_type, env_ignore_empty=True)()
        return merged

    def read(self, settings_type: type[S], secrets: Mapping[str, str] | None = None) -> S:
        """A checked snapshot.

        Args:
            settings_type: the model to fill.
            secrets: the provider's values, by key; they win over the layers.

        Raises:
            ConfigurationError: names every key that is missing or wrong.
        """
        values = self.values(settings_type) | _ProviderSource(settings_type, secrets or {})()
        try:
            return settings_type(**values)
        except ValidationError as error:
            raise ConfigurationError(_problems(error)) from None


def _problems(error: ValidationError) -> dict[str, str]:
    problems: dict[str, str] = {}
    for item in error.errors(include_input=False, include_url=False, include_context=False):
        key = "__".join(str(part) for part in item["loc"]).upper()
        problems[key] = "missing" if item["type"] == "missing" else item["msg"]
    return problems


def _provider(name: str, layers: Layers) -> ConfigProvider:
    module, _, attribute = PROVIDERS.get(name, name).partition(":")
    try:
        factory: Callable[[Layers], ConfigProvider] = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        choices = ", ".join(PROVIDERS)
        problem = f"`{name}` is none of {choices}, nor an importable package.module:Class"
        raise ConfigurationError({"CONFIG_PROVIDER": problem}) from error
    return factory(layers)


def load(settings_type: type[S]) -> S:
    """Read every layer and the provider once.

    Raises:
        ConfigurationError: names every key that is missing or wrong.
    """
    bootstrap = Layers().read(ProviderSettings)
    layers = Layers(bootstrap.config_file)
    provider = _provider(bootstrap.config_provider, layers)
    secrets = provider.fetch([name.upper() for name in settings_type.model_fields])
    return layers.read(settings_type, secrets)


class Configuration(Generic[S]):
    """The current snapshot; a reload swaps it for a new one or, if that is wrong, keeps it.

    Args:
        read: makes a snapshot; called at once, so a wrong configuration stops the start.
    """

    def __init__(self, read: Callable[[], S]) -> None:
        self._read = read
        self._current = read()

    @property
    def current(self) -> S:
        return self._current

    def reload(self) -> S:
        """Read again and swap.

        Raises:
            ConfigurationError: the new configuration is wrong; the last good one stays in place.
        """
        self._current = self._read()
        return self._current
