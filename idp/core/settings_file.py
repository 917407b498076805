"""Where the user's settings file is; apart from `idp.core.settings`, whose libraries take long to import."""

import os
from pathlib import Path


def config_file() -> Path:
    """`$XDG_CONFIG_HOME/idp/config.toml`, by default `~/.config/idp/config.toml`."""
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "idp" / "config.toml"
