"""When OpenTelemetry is used, and that it costs nothing otherwise."""

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import TracerProvider

from remote_backend import testing
from remote_backend.telemetry import NO_TELEMETRY, telemetry_for
from tests.support.paths import REPOSITORY

PLAN = """
import os, sys
from remote_backend import blocking
outcomes = blocking.plan_all(sys.argv[1], environ=dict(os.environ))
print(len(outcomes), sorted(name for name in sys.modules if name.startswith("opentelemetry")))
"""
FLUSH = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from remote_backend.cli.process import leave
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)
with trace.get_tracer("a").start_as_current_span("the last span"):
    pass
leave(3)
"""


@pytest.mark.parametrize(
    ("environ", "is_on"),
    [
        ({}, False),
        ({"TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}, True),
        ({"OTEL_SERVICE_NAME": "plans"}, True),
        ({"OTEL_SERVICE_NAME": "plans", "OTEL_SDK_DISABLED": "true"}, False),
        ({"TRACESTATE": "a=b"}, False),
        ({"HOTEL_": "1", "CI": "true"}, False),
    ],
)
def test_the_environment_asks_for_spans(environ: dict[str, str], is_on: bool) -> None:
    """A trace or a setting of OpenTelemetry does, unless its SDK is disabled."""
    assert (telemetry_for(environ) is not NO_TELEMETRY) == is_on


def test_without_the_package_the_environment_has_no_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CI services set OTEL_ variables for all programs, also for those without the extra."""
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    assert telemetry_for({"OTEL_SERVICE_NAME": "plans"}) is NO_TELEMETRY


def test_a_tracer_of_the_caller_needs_no_environment() -> None:
    """Whoever passes one wants spans."""
    telemetry = telemetry_for({}, tracer=TracerProvider().get_tracer("a"))

    assert telemetry is not NO_TELEMETRY
    assert "on" in repr(telemetry) and "off" in repr(NO_TELEMETRY)


@pytest.mark.parametrize(
    ("more", "is_imported"), [({}, False), ({"OTEL_SERVICE_NAME": "plans"}, True)]
)
def test_a_plan_imports_it_only_when_it_is_wanted(
    more: dict[str, str], is_imported: bool, tmp_path: Path
) -> None:
    """Without its variables no module of OpenTelemetry is imported, with one the API is."""
    with testing.serve_in_thread(workspaces=["net-a"]) as server:
        directory = server.write_configuration(tmp_path, prefix="net-")
        done = subprocess.run(
            [sys.executable, "-c", PLAN, str(directory)],
            env={**server.environ, "PYTHONPATH": str(REPOSITORY), **more},
            capture_output=True,
            text=True,
            check=True,
        )
    count, _, modules = done.stdout.partition(" ")
    assert count == "1"
    assert ("opentelemetry.trace" in modules) == is_imported
    assert "opentelemetry.sdk" not in modules


def test_the_command_line_sends_its_spans_before_it_leaves() -> None:
    """It ends without `atexit`, in which the SDK would send them."""
    done = subprocess.run(
        [sys.executable, "-c", FLUSH],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
    )
    assert done.returncode == 3
    assert "the last span" in done.stdout
