"""What a server counts, in the text format of Prometheus.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from attrs import define, field

__all__ = ("Metrics",)

_BUCKET_SECONDS = (0.005, 0.02, 0.1, 0.5, 2.0, 10.0)

Labels = tuple[tuple[str, str], ...]


@define
class Metrics:
    """Counts since the start of the server."""

    _requests: Counter[Labels] = field(factory=Counter)
    _within: Counter[float] = field(factory=Counter)
    """How many responses took at most so many seconds."""

    _seconds: float = 0.0
    _runs: Counter[str] = field(factory=Counter)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a response and how long it took."""
        self._requests[("method", method), ("route", route), ("status", str(status))] += 1
        self._seconds += seconds
        for bound in _BUCKET_SECONDS:
            self._within[bound] += seconds <= bound

    def count_run(self, status: str) -> None:
        """Count a run that ended with a status."""
        self._runs[status] += 1

    def text(self, gauges: Mapping[str, float]) -> str:
        """Return all counts, and values of the present moment by their names."""
        lines = [
            *_lines("requests_total", "counter", self._requests.items()),
            *_lines("request_seconds", "histogram", ()),
            *self._histogram(),
            *_lines(
                "runs_ended_total",
                "counter",
                (((("status", status),), count) for status, count in self._runs.items()),
            ),
        ]
        for name, value in gauges.items():
            lines += _lines(name, "gauge", [((), value)])
        return "\n".join(lines) + "\n"

    def _histogram(self) -> Iterator[str]:
        count = self._requests.total()
        for bound in _BUCKET_SECONDS:
            yield _sample(
                "request_seconds_bucket", (("le", str(bound)),), self._within[bound]
            )
        yield _sample("request_seconds_bucket", (("le", "+Inf"),), count)
        yield _sample("request_seconds_sum", (), self._seconds)
        yield _sample("request_seconds_count", (), count)


def _lines(name: str, kind: str, samples: Iterable[tuple[Labels, float]]) -> Iterator[str]:
    yield f"# TYPE remote_backend_{name} {kind}"
    for labels, value in samples:
        yield _sample(name, labels, value)


def _sample(name: str, labels: Labels, value: float) -> str:
    inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels)
    return (
        f"remote_backend_{name}{{{inner}}} {value}"
        if inner
        else (f"remote_backend_{name} {value}")
    )


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
