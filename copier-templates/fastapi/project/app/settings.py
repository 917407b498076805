"""Every configuration key of the service. Add yours here; a field without a default is a required key."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationInfo, field_validator

from app.config_provider import LayeredSettings

Environment = Literal["local", "dev", "staging", "prod"]
LogLevel = Annotated[
    Literal["DEBUG", "INFO", "WARNING", "ERROR"],
    BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value),
]


class Settings(LayeredSettings):
    """One frozen snapshot. The key of a field is its name in capitals: `port` is `PORT`."""

    service_name: str
    service_description: str = ""
    service_version: str = "0.0.0-local"
    environment: Environment = "local"

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    log_level: LogLevel = "INFO"

    # After SIGTERM: how long readiness answers 503 while traffic is still served, and then
    # how long the requests in flight may take.
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 5
    shutdown_grace_seconds: Annotated[int, Field(ge=1, le=3600)] = 20
    # Longer than the idle time of the load balancer, or it reuses connections closed here.
    keep_alive_seconds: Annotated[int, Field(ge=1, le=3600)] = 75
    max_body_bytes: Annotated[int, Field(ge=1)] = 1_048_576
    http_timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 5

    # Routes that prove the service contract from outside (app/contract_probe.py).
    contract_probe: bool = False

    @field_validator("contract_probe")
    @classmethod
    def _never_in_prod(cls, enabled: bool, info: ValidationInfo) -> bool:
        if enabled and info.data.get("environment") == "prod":
            raise ValueError("must not be enabled where ENVIRONMENT is prod")
        return enabled

    def secrets(self) -> tuple[str, ...]:
        """The clear text of every secret of this snapshot; logs never show any of them."""
        values = (getattr(self, name) for name in type(self).model_fields)
        return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))
