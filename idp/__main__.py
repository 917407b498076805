"""Where the program begins: `idp` and `python -m idp`."""

import gc
import sys

from idp.core import signals as interruption
from idp.core.errors import ExitCode


def main() -> None:
    """Run the command line in a process that ends with it."""
    gc.disable()  # before the imports: they make most of the objects, and nothing is collected in so short a life
    try:
        from idp.cli import main as run

        run()
    except KeyboardInterrupt:  # before the boundary stands, or when it has done its work
        sys.stderr.write(interruption.MESSAGE)
        sys.exit(ExitCode.INTERRUPTED)
    finally:
        gc.freeze()  # Python would look through all that is left before the process takes it along


if __name__ == "__main__":
    main()
