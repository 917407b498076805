"""The user's settings: `IDP_*` variables over one TOML file.

Imported lazily: pydantic-settings takes longer to import than most commands take to run.
"""

from pydantic import ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from idp.core.errors import UserError
from idp.core.settings_file import config_file


class Settings(BaseSettings):
    """What a user may set once instead of on every command line."""

    model_config = SettingsConfigDict(env_prefix="IDP_", extra="forbid")

    platform: str | None = None
    """URL or absolute path of the platform repository."""
    environments: str | None = None
    """URL or absolute path of the repository that holds `environments/`, where it is not the platform itself."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_file())


def load() -> Settings:
    """The settings as they stand now.

    Raises:
        UserError: the file is no TOML, or has a key that does not exist.
    """
    try:
        return Settings()
    except (ValidationError, ValueError, OSError) as error:
        reason = _first_reason(error)
        raise UserError(
            "settings-invalid",
            f"The settings in {config_file()} (or an IDP_ variable) are not valid: {reason}.",
            "Correct or delete that file; the keys are listed in docs/reference/settings.md.",
        ) from error


def _first_reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return str(error).splitlines()[0]
