"""Settings for all tests."""

import os
import subprocess
from collections.abc import Mapping
from typing import Any

from hypothesis import settings

from tests.support.report_schema import validate_all

# A slow machine is not a failure, and the same commit must give the same result everywhere.
settings.register_profile("everywhere", deadline=None, derandomize=True)
settings.load_profile("everywhere")

# Reports and events are an interface: none may differ from what its schema says.
validate_all()

# Set by `.ci/run`; they make each Python process measure its own coverage.
COVERAGE = {
    name: os.environ[name]
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_FILE")
    if name in os.environ
}


def measure_processes() -> None:
    """Pass these variables on to processes for which a test chooses the environment."""
    start: Any = subprocess.Popen.__init__

    def start_measured(
        self: "subprocess.Popen[Any]",
        *arguments: Any,
        env: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        start(self, *arguments, env=None if env is None else {**env, **COVERAGE}, **more)

    subprocess.Popen.__init__ = start_measured  # type: ignore[assignment, method-assign]


if COVERAGE:
    measure_processes()
