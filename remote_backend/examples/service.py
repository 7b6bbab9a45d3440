"""A web service that plans batches and streams what happens.

    POST   /batches               start one: {"select": ["eu-*"], "exclude": [], "destroy": false}
    GET    /batches/ID            how it is: running, or its outcomes
    GET    /batches/ID/events     its events as server-sent events, also for those who come late
    DELETE /batches/ID            stop it; runs that are going are canceled
    POST   /notifications         for notification configurations of workspaces

Run it with `python -m remote_backend.examples.service DIRECTORY`; with the variable
NOTIFICATION_TOKEN it takes notifications that are signed with that token, and then asks for
statuses seldom. It knows no users: put it behind a server that does.
"""

import os
import sys
from pathlib import Path
from typing import Any

import anyio
from aiohttp import ClientError, web
from anyio.abc import TaskGroup
from attrs import define, field

from remote_backend import (
    Backend,
    Batch,
    BatchFailed,
    BatchOptions,
    NotificationRefused,
    PlanOptions,
    RemoteBackendError,
    UnexpectedAnswer,
    open_backend,
    read_notifications,
)
from remote_backend.examples.story_file import StoryFile
from remote_backend.formats.exact_json import dump_exact
from remote_backend.reports.documents import workspace_document
from remote_backend.reports.event_stream import EventStream

__all__ = ("make_app",)

_HEARTBEAT_SECONDS = 15.0
_MOST_BATCHES = 100


@define(kw_only=True, eq=False)
class _Running:
    """A batch that this service started."""

    batch: Batch
    story: StoryFile
    stream: EventStream
    scope: anyio.CancelScope
    is_over: bool = False


@define(kw_only=True, eq=False)
class _Service:
    """The batches of a backend, in one task group."""

    backend: Backend
    notification_token: str = field(repr=False)
    group: TaskGroup
    batches: dict[str, _Running] = field(factory=dict)

    async def start(self, choices: dict[str, Any]) -> _Running:
        """Start a batch; return when it is known to begin, or raise why it cannot."""
        self._forget_oldest()
        started: _Running = await self.group.start(self._carry_out, choices)
        return started

    async def _carry_out(
        self,
        choices: dict[str, Any],
        *,
        task_status: anyio.abc.TaskStatus[_Running] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        options = BatchOptions(
            plan=PlanOptions(destroy=choices.get("destroy", False)),
            select=choices.get("select", ()),
            exclude=choices.get("exclude", ()),
        )
        story = StoryFile()
        running: _Running | None = None
        try:
            with anyio.CancelScope() as scope:
                async with self.backend.plan_all(options) as batch:
                    stream = EventStream(batch_id=batch.id)
                    running = _Running(batch=batch, story=story, stream=stream, scope=scope)
                    self.batches[batch.id] = running
                    task_status.started(running)
                    async for event in batch:
                        for line in stream.lines(event):
                            story.write(line)
        except RemoteBackendError as error:
            # An error before the start goes to the request that started it, a later one to its readers.
            if running is None:
                story.close()
                raise
            for line in running.stream.lines(BatchFailed(str(error), type(error).__name__)):
                story.write(line)
        finally:
            story.end()
            if running is not None:
                running.is_over = True

    def _forget_oldest(self) -> None:
        while len(self.batches) >= _MOST_BATCHES:
            over = next(
                (id for id, running in self.batches.items() if running.is_over), None
            )
            if over is None:
                raise web.HTTPTooManyRequests(text="too many batches are running\n")
            self.batches.pop(over).story.close()


_SERVICE: web.AppKey[_Service] = web.AppKey("service", _Service)
routes = web.RouteTableDef()


def make_app(
    backend: Backend, group: TaskGroup, *, notification_token: str = ""
) -> web.Application:
    """Return the application; its batches run in the task group and end with it."""
    app = web.Application()
    app.add_routes(routes)
    app[_SERVICE] = service = _Service(
        backend=backend, notification_token=notification_token, group=group
    )

    async def forget(app: web.Application) -> None:
        for running in service.batches.values():
            running.story.close()

    app.on_cleanup.append(forget)
    return app


@routes.post("/batches")
async def start_batch(request: web.Request) -> web.Response:
    """Start a batch."""
    choices = await _read_choices(request)
    try:
        running = await request.app[_SERVICE].start(choices)
    except RemoteBackendError as error:
        return web.json_response({"problem": str(error)}, status=422)
    id = running.batch.id
    events = f"/batches/{id}/events"
    return web.json_response(
        {"id": id, "events": events}, status=202, headers={"Location": f"/batches/{id}"}
    )


@routes.get("/batches/{id}")
async def read_batch(request: web.Request) -> web.Response:
    """Return the state of a batch."""
    running = _running(request)
    outcomes = [workspace_document(outcome) for outcome in running.batch.outcomes]
    # Numbers of plans keep all their digits.
    return web.json_response(
        {"is_over": running.is_over, "outcomes": outcomes}, dumps=dump_exact
    )


@routes.delete("/batches/{id}")
async def stop_batch(request: web.Request) -> web.Response:
    """Stop a batch."""
    _running(request).scope.cancel()
    return web.Response(status=202)


@routes.get("/batches/{id}/events")
async def stream_events(request: web.Request) -> web.StreamResponse:
    """Stream the events of a batch; Last-Event-ID goes on where a connection broke."""
    running = _running(request)
    start = request.headers.get("Last-Event-ID", "0")
    if not (start.isascii() and start.isdigit()):
        raise web.HTTPBadRequest(text="Last-Event-ID is none that was given\n")
    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    await response.prepare(request)
    try:
        # A reader that is slow makes these writes wait, and nothing else.
        async with anyio.create_task_group() as group:
            group.start_soon(_beat, response)
            async for line in running.story.lines(int(start)):
                await response.write(b"id: %d\ndata: %s\n\n" % (line.end, line.text))
            group.cancel_scope.cancel()
        await response.write(b"event: end\ndata: {}\n\n")
    except* (ConnectionError, ClientError):
        # Readers come and go; the batch goes on.
        pass
    return response


@routes.post("/notifications")
async def take_notifications(request: web.Request) -> web.Response:
    """Take the notifications of the server about runs, once their signature is checked."""
    service = request.app[_SERVICE]
    try:
        notifications = read_notifications(
            await request.read(), request.headers, service.notification_token
        )
    except NotificationRefused as error:
        return web.Response(status=403, text=f"{error}\n")
    except UnexpectedAnswer as error:
        return web.Response(status=400, text=f"{error}\n")
    for notification in notifications:
        for running in service.batches.values():
            running.batch.notify(notification)
    return web.Response(status=204)


async def _beat(response: web.StreamResponse) -> None:
    # A comment now and then shows proxies, and us, that the other side is still there.
    while True:
        await anyio.sleep(_HEARTBEAT_SECONDS)
        await response.write(b": still here\n\n")


def _running(request: web.Request) -> _Running:
    running = request.app[_SERVICE].batches.get(request.match_info["id"])
    if running is None:
        raise web.HTTPNotFound(text="there is no such batch\n")
    return running


async def _read_choices(request: web.Request) -> dict[str, Any]:
    try:
        choices = await request.json() if request.can_read_body else {}
    except ValueError:
        raise web.HTTPBadRequest(text="the body is not valid JSON\n") from None
    if not isinstance(choices, dict) or set(choices) - {"select", "exclude", "destroy"}:
        raise web.HTTPBadRequest(text="select, exclude and destroy can be given\n")
    for name in ("select", "exclude"):
        patterns = choices.get(name, [])
        if not isinstance(patterns, list) or not all(isinstance(p, str) for p in patterns):
            raise web.HTTPBadRequest(text=f"{name} is a list of patterns\n")
    if not isinstance(choices.get("destroy", False), bool):
        raise web.HTTPBadRequest(text="destroy is true or false\n")
    return choices


async def _main(directory: Path) -> None:
    token = os.environ.get("NOTIFICATION_TOKEN", "")
    async with open_backend(directory) as backend, anyio.create_task_group() as group:
        app = make_app(backend, group, notification_token=token)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 8321)
            await site.start()
            print("POST to http://127.0.0.1:8321/batches", flush=True)
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()


if __name__ == "__main__":
    anyio.run(_main, Path(sys.argv[1] if len(sys.argv) > 1 else "."))
