"""From an archive on disk to a configuration version that the server can use."""

from collections.abc import Callable
from pathlib import Path

import anyio

from remote_backend.client import Client
from remote_backend.errors import (
    ApiError,
    ConfigurationVersionFailed,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.messages import FileBody
from remote_backend.models.configuration import ConfigurationVersion

__all__ = ("upload_configuration", "wait_until_usable")

_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 2.0


async def upload_configuration(
    client: Client,
    workspace_id: str,
    archive: Path,
    *,
    progress: Callable[[int], None] | None = None,
    waits: bool = True,
) -> ConfigurationVersion:
    """Make a configuration version from an archive, and wait until it can be used if `waits`.

    Raises `ConfigurationVersionFailed` as soon as the server says that it never will be.
    """
    created = await client.create_configuration_version(workspace_id)
    if created.upload_url is None:
        raise UnexpectedAnswer(f"configuration version {created.id} has no upload address")
    body = FileBody(archive, archive.stat().st_size, progress)
    try:
        await client.upload(created.upload_url, body)
    except (ApiError, TransportError) as error:
        # A repeated upload is refused where the first one arrived and its answer was lost.
        current = await client.read_configuration_version(created.id)
        if current.is_lost:
            raise _failed(current) from error
        if current.status == "pending":
            raise _explained(error, body.size_bytes) from error
    return await wait_until_usable(client, created.id) if waits else created


async def wait_until_usable(client: Client, id: str) -> ConfigurationVersion:
    """Wait until runs can be made from an uploaded configuration version, and return it.

    Raises `ConfigurationVersionFailed` as soon as the server says that it never will be.
    """
    wait_seconds = _FIRST_WAIT_SECONDS
    while True:
        current = await client.read_configuration_version(id)
        if current.is_usable:
            return current
        if current.is_lost:
            raise _failed(current)
        await anyio.sleep(wait_seconds)
        wait_seconds = min(_LONGEST_WAIT_SECONDS, wait_seconds * 1.5)


def _failed(current: ConfigurationVersion) -> ConfigurationVersionFailed:
    told = (current.error_message, current.error)
    message = ": ".join(text for text in told if text) or None
    return ConfigurationVersionFailed(current.id, current.status, message)


def _explained(error: ApiError | TransportError, size_bytes: int) -> Exception:
    if isinstance(error, ApiError) and error.status in (413, 422):
        problems = (
            f"the archive of {size_bytes} bytes is not accepted, probably because of its size; "
            "leave files out with .terraformignore",
            *error.problems,
        )
        return type(error)(error.status, error.method, error.where, problems)
    return error
