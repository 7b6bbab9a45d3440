"""The server says how it is, to whom may know it."""

from pathlib import Path

import aiohttp
import pytest

from remote_backend.server.embedded import serve
from remote_backend.server.metrics import Metrics
from remote_backend.server.store import Store
from tests.support.raw_client import RawClient, settings_in


async def test_health_and_readiness_need_no_token(raw_client: RawClient) -> None:
    """Load balancers have none."""
    answers = [
        await raw_client("GET", path, token=None) for path in ("/healthz", "/readyz")
    ]

    assert [(answer.status, answer.body) for answer in answers] == [
        (200, b"ok\n"),
        (200, b"ready\n"),
    ]


async def test_a_server_without_its_records_is_not_ready(
    raw_client: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lives, so a supervisor does not restart it; a load balancer takes it out."""

    async def fail(*_: object) -> None:
        raise OSError("disk I/O error")

    monkeypatch.setattr(Store, "read", fail)
    ready = await raw_client("GET", "/readyz", token=None)
    alive = await raw_client("GET", "/healthz", token=None)

    assert (ready.status, alive.status) == (503, 200)


async def test_metrics_count_requests_and_runs(raw_client: RawClient) -> None:
    """By route, never by the real path, which may be a signed address."""
    workspace = await raw_client.workspace()
    run = await raw_client.run(workspace, await raw_client.uploaded(workspace))
    await raw_client.until(run.data["id"], "planned_and_finished")
    await raw_client("PROPFIND", f"/api/v2/workspaces/{workspace}")

    refused = await raw_client("GET", "/metrics", token=None)
    metrics = await raw_client("GET", "/metrics")
    lines = set(metrics.body.decode().splitlines())

    assert refused.status == 401
    assert metrics.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for line in (
        'remote_backend_requests_total{method="POST",route="/api/v2/runs",status="201"} 1',
        'remote_backend_runs_ended_total{status="planned_and_finished"} 1',
        "remote_backend_runs_waiting 0",
        "remote_backend_runs_planning 0",
    ):
        assert line in lines
    assert any('method="other"' in line for line in lines)
    assert workspace.encode() not in metrics.body


async def test_metrics_can_be_open(tmp_path: Path) -> None:
    """For a Prometheus in the same network."""
    async with (
        serve(settings_in(tmp_path, open_metrics=True), {}) as server,
        aiohttp.ClientSession() as session,
        session.get(f"{server.url}/metrics") as response,
    ):
        assert response.status == 200


def test_metrics_are_in_the_format_of_prometheus() -> None:
    """A histogram is cumulative, and labels are escaped."""
    metrics = Metrics()
    metrics.count_request("GET", '/a"b\\', 200, 0.01)
    metrics.count_request("GET", '/a"b\\', 200, 100.0)
    lines = metrics.text({"runs_waiting": 3}).splitlines()

    assert (
        r'remote_backend_requests_total{method="GET",route="/a\"b\\",status="200"} 2'
        in lines
    )
    buckets = [line for line in lines if "_bucket" in line]
    assert [line.rpartition(" ")[2] for line in buckets] == ["0", *["1"] * 5, "2"]
    assert "remote_backend_request_seconds_sum 100.01" in lines
    assert lines[-2:] == [
        "# TYPE remote_backend_runs_waiting gauge",
        "remote_backend_runs_waiting 3",
    ]
