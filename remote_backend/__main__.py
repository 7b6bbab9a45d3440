"""`python -m remote_backend` is the command line."""

from remote_backend.cli.main import main

__all__ = ()

if __name__ == "__main__":
    main()
