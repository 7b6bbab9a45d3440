"""Spans and metrics for OpenTelemetry, which is imported only where somebody asks for them.

A program passes a tracer, or the environment names a trace (`TRACEPARENT`) or settings (`OTEL_*`).
Otherwise every method here returns at once, and nothing of OpenTelemetry is imported. Without its
SDK, which the program or `opentelemetry-instrument` sets up, its API drops what it gets.

A span is current for the tasks that its block starts. Exceptions are not recorded in spans: their
texts can hold addresses and values. Attributes never do; see `planning.spans` for all of them.
"""

import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, Protocol

__all__ = (
    "NO_TELEMETRY",
    "Meter",
    "Span",
    "Telemetry",
    "Tracer",
    "flush_telemetry",
    "telemetry_for",
    "without_http_spans",
)

_NAME = "remote_backend"
_FLUSH_MILLISECONDS = 5000

Attributes = Mapping[str, str | int | float | bool]


class Tracer(Protocol):
    """What is used of a tracer of OpenTelemetry (`opentelemetry.trace.get_tracer`)."""

    def start_span(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Start a span that is not current."""


class Meter(Protocol):
    """What is used of a meter of OpenTelemetry (`opentelemetry.metrics.get_meter`)."""

    def create_counter(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Make an instrument that counts."""

    def create_histogram(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Make an instrument for durations."""


class Span:
    """A span that goes on, or nothing where there is no tracer."""

    def __init__(self, telemetry: "Telemetry", span: Any = None) -> None:
        self._telemetry = telemetry
        self._span = span

    def set(self, attributes: Attributes) -> None:
        """Add attributes."""
        if self._span is not None:
            self._span.set_attributes(dict(attributes))

    def fail(self, error_type: str) -> None:
        """Mark the span as failed, with a kind of error and no text."""
        if self._span is not None:
            self._span.set_attribute("error.type", error_type)
            self._span.set_status(self._telemetry.api.StatusCode.ERROR)

    def current(self) -> AbstractContextManager[Any]:
        """Make it the parent of spans that this task and the tasks that it starts make."""
        if self._span is None:
            return nullcontext()
        return self._telemetry.use(self._span)

    @contextmanager
    def child(self, name: str, attributes: Attributes | None = None) -> Iterator["Span"]:
        """Measure a part of it, also while it is not current."""
        with self.current(), self._telemetry.span(name, attributes) as span:
            yield span

    def add(self, name: str, start_ns: int, end_ns: int) -> None:
        """Add a part that is over, by the clock of the server (nanoseconds since 1970)."""
        if self._span is not None:
            with self.current():
                self._telemetry.start(name, start_time=start_ns).end(end_ns)

    def end(self) -> None:
        """End it now."""
        if self._span is not None:
            self._span.end()


class Telemetry:
    """Makes spans and counts requests; without a tracer and a meter it does nothing."""

    def __init__(
        self,
        tracer: Tracer | None = None,
        meter: Meter | None = None,
        *,
        carrier: Mapping[str, str] | None = None,
    ) -> None:
        self._tracer = tracer
        self._carrier = carrier or {}
        self.api: Any = import_module("opentelemetry.trace") if tracer is not None else None
        self._requests: Any = None
        if meter is not None:
            self._requests = meter.create_counter(
                "remote_backend.requests", "{request}", "Requests to the API."
            )
            self._retries = meter.create_counter(
                "remote_backend.retries", "{request}", "Requests that were sent again."
            )
            self._waits = meter.create_histogram(
                "remote_backend.waits", "s", "Waits for a rate limit or before a retry."
            )

    def __repr__(self) -> str:
        return f"<Telemetry {'on' if self._tracer or self._requests else 'off'}>"

    def start(self, name: str, **settings: Any) -> Any:
        """Start a span of OpenTelemetry; there must be a tracer."""
        assert self._tracer is not None
        return self._tracer.start_span(name, **settings)

    def use(self, span: Any) -> AbstractContextManager[Any]:
        """Make a span of OpenTelemetry current, without its exceptions."""
        context: AbstractContextManager[Any] = self.api.use_span(
            span, record_exception=False, set_status_on_exception=False
        )
        return context

    def root(self, name: str, attributes: Attributes) -> Span:
        """Start a span of kind SERVER in the current trace, or in that of the environment.

        It is not current: the block that ends it may be left in another context.
        """
        if self._tracer is None:
            return Span(self)
        context = None
        if self._carrier and not self.api.get_current_span().get_span_context().is_valid:
            # The variables have the values of the headers of the same names:
            # https://opentelemetry.io/docs/specs/otel/context/env-carriers/
            propagation = import_module("opentelemetry.trace.propagation.tracecontext")
            context = propagation.TraceContextTextMapPropagator().extract(self._carrier)
        kind = self.api.SpanKind.SERVER
        return Span(
            self, self.start(name, context=context, kind=kind, attributes=dict(attributes))
        )

    @contextmanager
    def span(self, name: str, attributes: Attributes | None = None) -> Iterator[Span]:
        """Measure a block; the span is current in it."""
        if self._tracer is None:
            yield Span(self)
            return
        span = Span(self, self.start(name, attributes=dict(attributes or {})))
        try:
            with span.current():
                yield span
        except Exception as error:
            span.fail(type(error).__name__)
            raise
        finally:
            span.end()

    def count_request(self, method: str, *, status: int | None = None) -> None:
        """Count an attempt, with its status or without a response."""
        if self._requests is not None:
            self._requests.add(
                1,
                {"http.request.method": method}
                | ({} if status is None else {"http.response.status_code": status}),
            )

    def count_retry(self, reason: str) -> None:
        """Count an attempt after the first one, with the kind of failure before it."""
        if self._requests is not None:
            self._retries.add(1, {"error.type": reason})

    def record_wait(self, seconds: float, reason: str) -> None:
        """Record a wait for `rate_limit` or before a `retry`."""
        if self._requests is not None:
            self._waits.record(seconds, {"remote_backend.wait.reason": reason})


NO_TELEMETRY = Telemetry()


def telemetry_for(
    environ: Mapping[str, str], tracer: Tracer | None = None, meter: Meter | None = None
) -> Telemetry:
    """Return what records a caller's spans, or those that the environment asks for.

    Without the extra `otel` the environment has no effect: CI services set `OTEL_*` for all.
    """
    carrier = {
        name.lower(): environ[name]
        for name in ("TRACEPARENT", "TRACESTATE")
        if name in environ
    }
    if tracer is None and meter is None and _asks_for_telemetry(environ):
        try:
            tracer = import_module("opentelemetry.trace").get_tracer(_NAME)
            meter = import_module("opentelemetry.metrics").get_meter(_NAME)
        except ImportError:
            return NO_TELEMETRY
    if tracer is None and meter is None:
        return NO_TELEMETRY
    return Telemetry(tracer, meter, carrier=carrier)


def _asks_for_telemetry(environ: Mapping[str, str]) -> bool:
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return any(name == "TRACEPARENT" or name.startswith("OTEL_") for name in environ)


def without_http_spans() -> AbstractContextManager[Any]:
    """Let instrumentation of aiohttp pass a request by: no span, no `traceparent` header.

    For signed addresses, and for other hosts: a span would show the address, and the header shows a
    storage service the trace. Instrumentation can be there although nothing is traced here.
    """
    utils = sys.modules.get("opentelemetry.instrumentation.utils")
    if utils is None:
        return nullcontext()
    context: AbstractContextManager[Any] = utils.suppress_http_instrumentation()
    return context


def flush_telemetry() -> None:
    """Send what was recorded, before a process ends without `atexit`; at most for some seconds."""
    for name in ("trace.get_tracer_provider", "metrics.get_meter_provider"):
        module, _, function = name.partition(".")
        api = sys.modules.get(f"opentelemetry.{module}")
        flush = getattr(getattr(api, function)(), "force_flush", None) if api else None
        if flush is not None:
            flush(_FLUSH_MILLISECONDS)
