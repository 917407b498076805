"""Start the service: `python -m app`."""

import gc
import signal
import sys
from threading import Thread

from app import logs
from app.config_provider import Configuration, ConfigurationError, Layers, load
from app.settings import Settings


def main() -> int:
    """Run until a signal stops the service.

    Returns:
        The exit code of the process: 1 if it cannot start as it is configured.
    """
    try:
        configuration = Configuration(lambda: load(Settings))
    except ConfigurationError as error:
        _log_unconfigured()
        logs.get_logger("app").critical(f"wrong configuration: {error}", problems=error.problems)
        return 1
    settings = configuration.current
    renderer = logs.configure(settings.service_name, settings.service_version, settings.environment, settings.log_level)
    renderer.hide(settings.secrets())
    _reload_on_signal(configuration, renderer)

    # Only now, so that a wrong configuration is told before the rest is loaded.
    from app.lifecycle import Lifecycle  # noqa: PLC0415
    from app.main import create_app  # noqa: PLC0415
    from app.server import DrainingServer  # noqa: PLC0415

    lifecycle = Lifecycle()
    server = DrainingServer(create_app(configuration, lifecycle), settings, lifecycle)
    gc.freeze()  # what is loaded by now stays: no collection needs to look at it again
    server.run()
    return 0


def _log_unconfigured() -> None:
    """Name the service in the one line about its wrong configuration, as far as that is known."""
    try:
        known = Layers().values(Settings)
    except ConfigurationError:
        known = {}
    service, version, environment = (
        str(known.get(field, "unknown")) for field in ("service_name", "service_version", "environment")
    )
    logs.configure(service, version, environment)


def _reload_on_signal(configuration: Configuration[Settings], renderer: logs.JsonLine) -> None:
    """On SIGUSR1 read the configuration again, in a thread: a provider may take seconds to answer."""
    log = logs.get_logger("app")

    def reload() -> None:
        try:
            renderer.hide(configuration.reload().secrets())
        except ConfigurationError as error:
            log.error("configuration not reloaded, the last good one stays", problems=error.problems)  # noqa: TRY400
        else:
            log.info("configuration reloaded")

    signal.signal(signal.SIGUSR1, lambda *_: Thread(target=reload, daemon=True).start())


if __name__ == "__main__":
    sys.exit(main())
