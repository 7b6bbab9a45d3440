"""Engines that are shell scripts: quick, of any version, and as noisy as needed."""

import shlex
from pathlib import Path

__all__ = ("write_engine",)

PLAN = '{"format_version": "1.2", "resource_changes": []}'


def write_engine(
    path: Path,
    version: str,
    *,
    noise: str = "",
    init: str = "",
    plan: str = "",
) -> Path:
    """Write an engine that makes empty plans; `init` and `plan` are lines of shell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    say_noise = f"printf '%s' {shlex.quote(noise)}"
    version_json = shlex.quote(f'{{"terraform_version": "{version}"}}')
    path.write_text(
        f"""#!/bin/sh
case "$1" in
  version) {say_noise}; echo {version_json} ;;
  init) {init or ":"} ;;
  plan) echo "planned by {version}"; {plan or ":"} ;;
  show) {say_noise}; echo '{PLAN}' ;;
esac
"""
    )
    path.chmod(0o755)
    return path
