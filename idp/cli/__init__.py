"""The command line: parse, call the command, render. No decisions here; heavy imports are lazy.

Each module registers its commands when it is imported; the order of imports is the order of the help.
"""

# ruff: isort: off
import sys

from idp.cli.app import app
from idp.cli import services as services
from idp.cli import promotions as promotions
from idp.cli import deployments as deployments
from idp.cli import environments as environments
from idp.cli import platforms as platforms

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line: the one place where errors become messages and exit codes."""
    from idp.output import boundary

    sys.exit(boundary.guarded(lambda: app(standalone_mode=False), sys.argv[1:]))
