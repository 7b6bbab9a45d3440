"""Uploads that are waited for, refused, too large, or whose response is lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from remote_backend.api.client import Client
from remote_backend.api.messages import Response
from remote_backend.errors import ConfigurationVersionFailed, Rejected, TransportError
from remote_backend.planning.upload import upload_configuration
from tests.support.fakes import Answer, ScriptedTransport, answer

LOST = TransportError("PUT", "up", "the connection broke", may_have_happened=True)


def version_answer(status: str, **more: Any) -> Response:
    """Return a configuration version as a server describes it."""
    attributes = {"status": status, **more}
    data = {"id": "cv-1", "type": "configuration-versions", "attributes": attributes}
    return answer(200, {"data": data})


async def uploaded(tmp_path: Path, script: dict[str, Any]) -> ScriptedTransport:
    """Upload an archive to a scripted server."""
    archive = tmp_path / "slug.tar.gz"
    archive.write_bytes(b"archive")
    created = version_answer("pending", **{"upload-url": "https://blobs.test/up"})
    transport = ScriptedTransport(
        {"POST workspaces/ws-1/configuration-versions": created, **script}
    )
    await upload_configuration(
        Client(transport, "acme"), "ws-1", archive, usable_within_seconds=60
    )
    return transport


async def test_an_upload_is_waited_for(tmp_path: Path) -> None:
    """The body says that nothing is queued by itself, and nobody runs before `uploaded` (P33, P35)."""
    transport = await uploaded(
        tmp_path,
        {
            "PUT https://blobs.test/up": answer(200),
            "GET configuration-versions/cv-1": [
                version_answer("pending"),
                version_answer("fetching"),
                version_answer("uploaded"),
            ],
        },
    )

    body = transport.requests[0].body
    assert isinstance(body, bytes)
    assert json.loads(body)["data"]["attributes"] == {
        "auto-queue-runs": False,
        "speculative": True,
    }
    assert transport.sent()[-1] == "GET configuration-versions/cv-1"
    assert len(transport.requests) == 5


@pytest.mark.parametrize("status", ["errored", "archived", "backing_data_soft_deleted"])
async def test_a_useless_upload_ends_at_once(status: str, tmp_path: Path) -> None:
    """The server's message is told instead of waiting for a time-out (P34)."""
    told = version_answer(status, error="bad", **{"error-message": "no configuration"})

    with pytest.raises(ConfigurationVersionFailed, match="no configuration"):
        await uploaded(
            tmp_path,
            {
                "PUT https://blobs.test/up": answer(200),
                "GET configuration-versions/cv-1": told,
            },
        )


@pytest.mark.parametrize("fault", [answer(409), LOST])
async def test_an_upload_that_arrived_goes_on(fault: Answer, tmp_path: Path) -> None:
    """A lost answer, and the refusal of the second try, are no failure (P76)."""
    transport = await uploaded(
        tmp_path,
        {
            "PUT https://blobs.test/up": fault,
            "GET configuration-versions/cv-1": version_answer("uploaded"),
        },
    )

    assert len(transport.requests) == 4


async def test_an_archive_too_large_is_explained(tmp_path: Path) -> None:
    """413 and 422 tell what to do (P70)."""
    with pytest.raises(Rejected, match="terraformignore"):
        await uploaded(
            tmp_path,
            {
                "PUT https://blobs.test/up": answer(413),
                "GET configuration-versions/cv-1": version_answer("pending"),
            },
        )
