"""From an archive on disk to a configuration version that the server can use."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from remote_backend.api.client import Client
from remote_backend.api.exactly_once import create_once, find_repeatedly
from remote_backend.api.messages import FileBody
from remote_backend.errors import (
    ApiError,
    ConfigurationVersionFailed,
    NotFound,
    Rejected,
    TransportError,
    UnexpectedAnswer,
)
from remote_backend.models.configuration import (
    USABLE_WITHIN_SECONDS,
    ConfigurationVersion,
)

__all__ = ("upload_configuration", "wait_until_usable")

_FIRST_WAIT_SECONDS = 0.05
_LONGEST_WAIT_SECONDS = 2.0


async def upload_configuration(
    client: Client,
    workspace_id: str,
    archive: Path,
    *,
    progress: Callable[[int], None] | None = None,
    usable_within_seconds: float | None = None,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> ConfigurationVersion:
    """Make a configuration version from an archive.

    With `usable_within_seconds` it is returned once runs can be made from it, as by
    `wait_until_usable`. Raises `ConfigurationVersionFailed` as soon as the server reports that it
    will never be usable.
    """
    created = await create_once(
        lambda: _create(client, workspace_id),
        lambda: _find_created(client, workspace_id),
        sleep=sleep,
    )
    await _send(client, created, archive, progress, sleep)
    if usable_within_seconds is None:
        return created
    return await wait_until_usable(
        client, created.id, limit_seconds=usable_within_seconds, sleep=sleep
    )


async def _create(client: Client, workspace_id: str) -> ConfigurationVersion:
    try:
        return await client.create_configuration_version(workspace_id)
    except NotFound as error:
        # The workspace was read before, so it is the token. What tokens of organizations may:
        # https://developer.hashicorp.com/terraform/cloud-docs/users-teams-organizations/api-tokens
        problem = (
            "the token may not upload a configuration to this workspace; that needs the token of "
            "a user or a team that may queue plans there, and not that of an organization"
        )
        problems = (problem, *error.problems)
        raise NotFound(error.status, error.method, error.where, problems) from None


async def wait_until_usable(
    client: Client,
    id: str,
    *,
    limit_seconds: float = USABLE_WITHIN_SECONDS,
    sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
) -> ConfigurationVersion:
    """Wait until runs can be made from an uploaded configuration version, and return it.

    Raises `ConfigurationVersionFailed` as soon as the server reports that it will never be usable,
    and when it is not usable after `limit_seconds`.
    """
    waited_seconds, wait_seconds = 0.0, _FIRST_WAIT_SECONDS
    with client.notices.waiting(
        "the server to process an upload", detail=lambda: id, limit_seconds=limit_seconds
    ):
        while True:
            current = await client.read_configuration_version(id)
            if current.is_usable:
                return current
            if current.is_lost:
                raise _failed(current)
            if waited_seconds >= limit_seconds:
                raise _unprocessed(current, limit_seconds)
            await sleep(wait_seconds)
            waited_seconds += wait_seconds
            wait_seconds = min(_LONGEST_WAIT_SECONDS, wait_seconds * 1.5)


async def _find_created(client: Client, workspace_id: str) -> ConfigurationVersion | None:
    """Return the one empty configuration version that can still be uploaded to, or None.

    An empty one starts nothing, so a second one does no harm where none can be adopted. Servers that
    show the upload address only in the response to the creation, as HCP Terraform does
    (https://developer.hashicorp.com/terraform/cloud-docs/api-docs/configuration-versions),
    never have one that can. Two of them may belong to other clients, so neither is adopted.
    """
    try:
        listed = await client.list_configuration_versions(workspace_id)
    except (NotFound, Rejected):
        return None
    empty = [version for version in listed if version.is_empty_plan_only]
    return empty[0] if len(empty) == 1 and empty[0].upload_url is not None else None


async def _send(
    client: Client,
    created: ConfigurationVersion,
    archive: Path,
    progress: Callable[[int], None] | None,
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    address = created.upload_url
    if address is None:
        raise UnexpectedAnswer(f"configuration version {created.id} has no upload address")
    body = FileBody(archive, archive.stat().st_size, progress)

    async def upload() -> ConfigurationVersion:
        await client.upload(address, body)
        return created

    async def find_uploaded() -> ConfigurationVersion | None:
        current = await client.read_configuration_version(created.id)
        return None if current.is_pending else current

    try:
        # The server may still be storing a body whose response was lost.
        current = await create_once(
            upload, lambda: find_repeatedly(find_uploaded, sleep=sleep), sleep=sleep
        )
    except (ApiError, TransportError) as error:
        # A repeated upload is refused after a first one that arrived, but whose response was lost.
        current = await client.read_configuration_version(created.id)
        if current.is_pending:
            raise _explained(error, body.size_bytes) from error
    if current.is_lost:
        raise _failed(current)


def _unprocessed(
    current: ConfigurationVersion, limit_seconds: float
) -> ConfigurationVersionFailed:
    message = (
        f"the server has not processed the upload after {limit_seconds:g} seconds; "
        "try again later, or allow more time"
    )
    return ConfigurationVersionFailed(current.id, current.status, message)


def _failed(current: ConfigurationVersion) -> ConfigurationVersionFailed:
    texts = (current.error_message, current.error)
    message = ": ".join(text for text in texts if text) or None
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
