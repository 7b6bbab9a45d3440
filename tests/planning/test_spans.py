"""Spans and metrics of a batch, with the SDK of OpenTelemetry and servers that run."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode, Tracer

import remote_backend
from remote_backend import testing
from remote_backend.models.plan import Counts
from remote_backend.testing import SeedWorkspace, Simulation

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"
SEEDS = (
    SeedWorkspace(name="net-a", simulation=Simulation(counts=Counts(2, 1, 0, 0))),
    SeedWorkspace(name="net-b", simulation=Simulation(succeeds=False)),
)


@frozen
class Recorder:
    """A tracer that keeps its spans."""

    exporter: InMemorySpanExporter = field(factory=InMemorySpanExporter)
    provider: TracerProvider = field(factory=TracerProvider)

    @property
    def tracer(self) -> Tracer:
        """The tracer to pass on."""
        return self.provider.get_tracer("test")

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        """The spans that have ended."""
        return self.exporter.get_finished_spans()

    def named(self, name: str, **attributes: str) -> ReadableSpan:
        """Return the only span of a name with these attributes; `_` stands for a dot."""
        [span] = (
            span
            for span in self.spans
            if span.name == name
            and all(
                (span.attributes or {}).get(key.replace("_", ".")) == value
                for key, value in attributes.items()
            )
        )
        return span

    def below(self, parent: ReadableSpan) -> list[str]:
        """Return the sorted names of the direct parts of a span."""
        assert parent.context is not None
        number = parent.context.span_id
        return sorted(s.name for s in self.spans if s.parent and s.parent.span_id == number)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """Return a tracer that keeps its spans; it is of no global provider."""
    recorder = Recorder()
    recorder.provider.add_span_processor(SimpleSpanProcessor(recorder.exporter))
    yield recorder
    recorder.provider.shutdown()


async def plan_all(
    recorder: Recorder, folder: Path, **more: str
) -> tuple[remote_backend.Outcome, ...]:
    """Plan two workspaces, of which one fails, in a trace."""
    options = remote_backend.BatchOptions(
        plan=remote_backend.PlanOptions(
            variables={"password": "sekret"}, targets=["module.hidden"]
        )
    )
    async with testing.serve(workspaces=SEEDS) as server:
        directory = server.write_configuration(folder, prefix="net-")
        environ = {**server.environ, **more}
        async with remote_backend.open_backend(
            directory, environ=environ, tracer=recorder.tracer
        ) as backend:
            async with backend.plan_all(options) as batch:
                return await batch.wait()


async def test_a_batch_is_a_tree_of_spans(recorder: Recorder, tmp_path: Path) -> None:
    """Below the batch are its workspaces, and below these upload, run, phases and log."""
    await plan_all(recorder, tmp_path)

    batch = recorder.named("plan batch")
    assert batch.parent is None and batch.kind is SpanKind.SERVER
    assert recorder.below(batch) == ["pack", "plan workspace", "plan workspace"]
    workspaces = [
        recorder.named("plan workspace", cicd_pipeline_task_name=name) for name in "ab"
    ]
    parts = sorted(part for span in workspaces for part in recorder.below(span))
    # One of the two has uploaded for both.
    assert parts == ["create run", "create run", "run", "run", "upload"]
    for span in (s for s in recorder.spans if s.name == "run"):
        assert recorder.below(span) == ["plan", "read log", "wait in queue"]
    for span in recorder.spans:
        assert span.end_time is not None and span.start_time is not None
        assert span.start_time <= span.end_time


async def test_attributes_follow_the_conventions(
    recorder: Recorder, tmp_path: Path
) -> None:
    """Task, run, result and counts have the names of the semantic conventions, or ours."""
    outcomes = await plan_all(recorder, tmp_path)

    ids = {outcome.workspace: outcome.run_id for outcome in outcomes}
    urls = {outcome.workspace: outcome.run_url for outcome in outcomes}
    batch = recorder.named("plan batch")
    assert dict(batch.attributes or {}) == {
        "cicd.pipeline.name": "net-*",
        "cicd.pipeline.run.id": (batch.attributes or {})["cicd.pipeline.run.id"],
        "cicd.pipeline.result": "failure",
        "error.type": "failure",
        "remote_backend.organization": "acme",
        "remote_backend.workspaces": 2,
    }
    planned = recorder.named("plan workspace", cicd_pipeline_task_name="a")
    assert dict(planned.attributes or {}) == {
        "cicd.pipeline.task.name": "a",
        "cicd.pipeline.task.run.id": ids["a"],
        "cicd.pipeline.task.run.url.full": urls["a"],
        "cicd.pipeline.task.run.result": "success",
        "remote_backend.result": "changed",
        "remote_backend.add": 2,
        "remote_backend.change": 1,
        "remote_backend.destroy": 0,
        "remote_backend.imported": 0,
    }
    failed = recorder.named("plan workspace", cicd_pipeline_task_name="b")
    assert failed.status.status_code is StatusCode.ERROR
    assert (failed.attributes or {})["error.type"] == "terraform"
    assert (failed.attributes or {})["cicd.pipeline.task.run.result"] == "failure"


async def test_no_secret_and_no_address_is_in_a_span(
    recorder: Recorder, tmp_path: Path
) -> None:
    """Neither a variable, nor a target, nor the text of an error."""
    [_, failed] = await plan_all(recorder, tmp_path)

    written = " ".join(span.to_json() for span in recorder.spans)
    assert failed.failure is not None and failed.failure.title not in written
    for text in ("password", "sekret", "module.hidden", "exception"):
        assert text not in written


async def test_the_environment_names_the_trace(recorder: Recorder, tmp_path: Path) -> None:
    """The batch is a part of the trace in TRACEPARENT, and keeps the state in TRACESTATE."""
    await plan_all(recorder, tmp_path, TRACEPARENT=PARENT, TRACESTATE="vendor=1")

    batch = recorder.named("plan batch")
    assert batch.context is not None and batch.parent is not None
    assert f"{batch.context.trace_id:032x}" == TRACE
    assert f"{batch.parent.span_id:016x}" == PARENT.split("-")[2]
    assert batch.context.trace_state.get("vendor") == "1"


async def test_a_span_of_the_program_comes_before_the_environment(
    recorder: Recorder, tmp_path: Path
) -> None:
    """A service has a span for each of its requests, and one environment."""
    with recorder.tracer.start_as_current_span("request"):
        await plan_all(recorder, tmp_path, TRACEPARENT=PARENT)

    assert recorder.below(recorder.named("request")) == ["plan batch"]


async def test_a_value_that_is_not_a_trace_is_ignored(
    recorder: Recorder, tmp_path: Path
) -> None:
    """A broken TRACEPARENT begins a new trace, and the batch is planned."""
    outcomes = await plan_all(recorder, tmp_path, TRACEPARENT="00-xyz")

    assert len(outcomes) == 2
    assert recorder.named("plan batch").parent is None


async def test_a_batch_that_is_left_counts_as_canceled(
    recorder: Recorder, tmp_path: Path
) -> None:
    """All spans end, although their block is left while the plans go on."""
    slow = SeedWorkspace(name="net-a", simulation=Simulation(seconds=600))
    async with testing.serve(workspaces=[slow]) as server:
        directory = server.write_configuration(tmp_path, prefix="net-")
        async with remote_backend.open_backend(
            directory, environ=server.environ, tracer=recorder.tracer
        ) as backend:
            async with backend.plan_all() as batch:
                async for event in batch:
                    if isinstance(event, remote_backend.LogChunkRead):
                        break

    batch_span = recorder.named("plan batch")
    workspace = recorder.named("plan workspace")
    assert (batch_span.attributes or {})["cicd.pipeline.result"] == "cancellation"
    assert (workspace.attributes or {})["cicd.pipeline.task.run.result"] == "cancellation"


async def test_requests_retries_and_waits_are_counted(tmp_path: Path) -> None:
    """Each attempt counts with its status, each retry with what failed, each wait with its reason."""
    reader = InMemoryMetricReader()
    meter = MeterProvider([reader]).get_meter("test")
    fault = testing.FaultRule(kind="status", status=502, times=(1,))
    async with testing.serve(workspaces=SEEDS, faults=[fault]) as server:
        directory = server.write_configuration(tmp_path, prefix="net-")
        async with remote_backend.open_backend(
            directory, environ=server.environ, meter=meter
        ) as backend:
            async with backend.plan_all() as batch:
                await batch.wait()
            responses = backend.connection.client.answered_count

    points: dict[str, list[Any]] = {
        metric.name: list(metric.data.data_points)
        for resource in (reader.get_metrics_data() or pytest.fail()).resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }
    by_status = {
        point.attributes["http.response.status_code"]: point.value
        for point in points["remote_backend.requests"]
    }
    assert by_status[502] == 1
    assert sum(point.value for point in points["remote_backend.requests"]) > responses
    [retry] = points["remote_backend.retries"]
    assert retry.value == 1 and retry.attributes == {"error.type": "broken"}
    [wait] = points["remote_backend.waits"]
    assert wait.count == 1
    assert wait.attributes == {"remote_backend.wait.reason": "retry"}
