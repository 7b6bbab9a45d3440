"""Runs, configuration versions and workspaces are created exactly once, whatever the response."""

from pathlib import Path
from typing import Any

import pytest

from remote_backend.api.client import Client
from remote_backend.api.exactly_once import create_once
from remote_backend.api.messages import Response
from remote_backend.errors import (
    ConfigurationVersionFailed,
    RemoteBackendError,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.models.run import RunRequest
from remote_backend.models.workspace import ByPrefix
from remote_backend.planning.run_creation import queue_run
from remote_backend.planning.upload import upload_configuration, wait_until_usable
from remote_backend.workspaces import create_workspace
from tests.support.fakes import Answer, Recorder, ScriptedTransport, answer

REQUEST = RunRequest(workspace_id="ws-1", configuration_version_id="cv-1")
LOST = TransportError("POST", "x", "the connection broke", may_have_happened=True)
VERSIONS = "workspaces/ws-1/configuration-versions"
UPLOAD = "PUT https://blobs.test/up"
VACANT = answer(200, {"data": [], "meta": {"pagination": {"current-page": 0}}})
UNREADABLE = [
    answer(201),
    answer(200, b"<html>welcome</html>", content_type="text/html"),
    answer(200, {"data": None}),
    LOST,
    answer(502),
]


def resource(kind: str, id: str, **attributes: Any) -> dict[str, Any]:
    """Return a resource; underscores stand for dashes."""
    named = {name.replace("_", "-"): value for name, value in attributes.items()}
    return {"id": id, "type": kind, "attributes": named}


def run_list() -> Response:
    """Return a list with the run of the request."""
    linked = {"data": {"id": "cv-1", "type": "configuration-versions"}}
    run = resource("runs", "run-1", status="pending")
    return answer(
        200, {"data": [{**run, "relationships": {"configuration-version": linked}}]}
    )


def version(status: str, id: str = "cv-1", **more: Any) -> dict[str, Any]:
    """Return a plan-only configuration version as this client makes it."""
    return resource(
        "configuration-versions",
        id,
        status=status,
        speculative=True,
        auto_queue_runs=False,
        **more,
    )


@pytest.mark.parametrize("lost", UNREADABLE)
async def test_a_run_without_a_readable_response_is_adopted(lost: Answer) -> None:
    """A success that is not a document, as from a proxy, is as ambiguous as a lost response (M5)."""
    transport = ScriptedTransport(
        {"POST runs": lost, "GET workspaces/ws-1/runs": run_list()}
    )

    run = await queue_run(Client(transport, "acme"), REQUEST)

    assert run.id == "run-1"
    assert transport.sent().count("POST runs") == 1


async def test_no_filter_names_an_operation_that_empties_lists() -> None:
    """OTF returns an empty page for each filter that names save_plan (W2)."""
    transport = ScriptedTransport(
        {
            "GET workspaces/ws-1/runs": run_list(),
            "GET organizations/acme/runs": answer(200, {"data": []}),
        }
    )
    client = Client(transport, "acme")

    await client.find_run(REQUEST)
    await client.list_batch_runs("batch-1", page=1)

    filters = [
        dict(request.query)["filter[operation]"].split(",")
        for request in transport.requests
    ]
    assert (
        filters
        == [["plan_only", "plan_and_apply", "refresh_only", "destroy", "empty_apply"]] * 2
    )


async def test_an_empty_page_numbered_zero_proves_nothing() -> None:
    """The list is read again without the filter, and the run is found there (W2)."""
    transport = ScriptedTransport({"GET workspaces/ws-1/runs": [VACANT, run_list()]})

    run = await Client(transport, "acme").find_run(REQUEST)

    assert run is not None and run.id == "run-1"
    assert "filter[operation]" not in dict(transport.requests[1].query)


async def test_no_second_run_is_made_where_lists_say_nothing() -> None:
    """The ambiguous failure is raised: a plan that is missing is better than two runs."""
    transport = ScriptedTransport({"POST runs": LOST, "GET workspaces/ws-1/runs": VACANT})

    with pytest.raises(TransportError) as raised:
        await queue_run(Client(transport, "acme"), REQUEST)

    assert raised.value.may_have_happened
    assert transport.sent().count("POST runs") == 1


@pytest.mark.parametrize("lost", UNREADABLE)
async def test_a_workspace_without_a_readable_response_is_adopted(lost: Answer) -> None:
    """It is read by its name; one POST creates one workspace (P46)."""
    made = answer(200, {"data": resource("workspaces", "ws-9", name="net-new")})
    transport = ScriptedTransport(
        {
            "GET organizations/acme/workspaces/net-new": [answer(404), made],
            "POST organizations/acme/workspaces": lost,
        }
    )

    named = await create_workspace(Client(transport, "acme"), ByPrefix("net-"), "new")

    assert named.remote.id == "ws-9"
    assert transport.sent().count("POST organizations/acme/workspaces") == 1


@pytest.mark.parametrize("lost", UNREADABLE)
async def test_a_configuration_version_whose_response_was_lost_is_adopted(
    lost: Answer, tmp_path: Path
) -> None:
    """Where the list shows its upload address, no second one is made (P46)."""
    made = version("pending", upload_url="https://blobs.test/up")
    script: dict[str, Any] = {
        f"POST {VERSIONS}": lost,
        f"GET {VERSIONS}": answer(200, {"data": [made, version("uploaded", "cv-0")]}),
    }

    transport = await uploaded(tmp_path, script)

    assert transport.sent().count(f"POST {VERSIONS}") == 1


@pytest.mark.parametrize(
    "listed",
    [
        answer(200, {"data": []}),
        answer(200, {"data": [version("pending")]}),
        answer(
            200,
            {
                "data": [
                    version("pending", id, upload_url=f"https://blobs.test/{id}")
                    for id in ("cv-8", "cv-9")
                ]
            },
        ),
        answer(404),
    ],
)
async def test_a_configuration_version_that_may_be_of_others_is_left_alone(
    listed: Response, tmp_path: Path
) -> None:
    """None, one without an address, and two: another one is made, which starts nothing."""
    script: dict[str, Any] = {
        f"POST {VERSIONS}": [LOST, created()],
        f"GET {VERSIONS}": listed,
    }

    transport = await uploaded(tmp_path, script)

    assert transport.sent().count(f"POST {VERSIONS}") == 2


async def test_an_upload_is_looked_for_before_it_is_repeated(tmp_path: Path) -> None:
    """A late response does not cost a second body (P48)."""
    pending, done = (
        answer(200, {"data": version(status)}) for status in ("pending", "uploaded")
    )
    script: dict[str, Any] = {
        f"POST {VERSIONS}": created(),
        UPLOAD: LOST,
        "GET configuration-versions/cv-1": [pending, done],
    }
    transport = await uploaded(tmp_path, script)
    assert transport.sent().count("PUT a signed address") == 1

    script[UPLOAD] = [LOST, answer(200)]
    script["GET configuration-versions/cv-1"] = pending
    transport = await uploaded(tmp_path, script)
    assert transport.sent().count("PUT a signed address") == 2


async def test_an_upload_that_is_never_processed_has_an_end() -> None:
    """The wait for a pending configuration version ends after two minutes (M8)."""
    clock = Recorder()
    transport = ScriptedTransport(
        {"GET configuration-versions/cv-1": answer(200, {"data": version("pending")})}
    )

    with pytest.raises(ConfigurationVersionFailed, match="after 120 seconds") as raised:
        await wait_until_usable(Client(transport, "acme"), "cv-1", sleep=clock.sleep)

    assert raised.value.status == "pending"
    assert 120 <= sum(clock.slept) < 123


async def test_attempts_have_an_end_and_pauses() -> None:
    """Five in all, each after a search, and the last error is raised."""
    clock = Recorder()
    looks: list[int] = []

    async def fail() -> str:
        raise UnexpectedAnswer("no JSON")

    async def find() -> None:
        looks.append(len(clock.slept))

    with pytest.raises(RemoteBackendError, match="no JSON"):
        await create_once(fail, find, sleep=clock.sleep)

    assert looks == [0, 1, 2, 3, 4]
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]


def created() -> Response:
    """Return the response to the creation of a configuration version."""
    return answer(201, {"data": version("pending", upload_url="https://blobs.test/up")})


async def uploaded(folder: Path, script: dict[str, Any]) -> ScriptedTransport:
    """Upload an archive to a scripted server, without waiting."""
    archive = folder / "slug.tar.gz"
    archive.write_bytes(b"archive")
    transport = ScriptedTransport({UPLOAD: answer(200), **script})
    client = Client(transport, "acme")
    await upload_configuration(client, "ws-1", archive, sleep=Recorder().sleep)
    return transport
