"""`python -m remote_backend`, and the script of that name, are the command line."""

from typing import NoReturn

from remote_backend.cli.process import pause_collector

__all__ = ("main",)


def main() -> NoReturn:
    """Run the command line and leave with its exit code."""
    pause_collector()
    from remote_backend.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
