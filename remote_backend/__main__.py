"""`python -m remote_backend`, and the script of that name, are the command line."""

import gc
from typing import NoReturn

__all__ = ("main",)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    # Imports make many objects and no garbage; what carries out a command turns it on again.
    gc.disable()
    from remote_backend.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
