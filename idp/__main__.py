"""Where the program begins: `idp` and `python -m idp`."""

import gc


def main() -> None:
    """Run the command line in a process that ends with it."""
    gc.disable()  # before the imports: they make most of the objects, and nothing is collected in so short a life
    from idp.cli import main as run

    run()


if __name__ == "__main__":
    main()
