"""A web service that compares the two sides of a pull request, and writes a report.

    POST /webhook    of GitHub, about pull requests: signed, answered at once

Each pull request is planned in the background in all workspaces, on its branch and on the base of its
branch; what the branch causes is written as Markdown into a folder and handed to a callback, which may
post it. A push to a pull request that is being planned cancels the earlier plans, and so does closing it.

Where the workspaces are is a setting of the service: what a branch says about backends is not read,
so that it cannot name other workspaces for the token of the service. Run it with
`python -m remote_backend.examples.pull_requests`; `_main` has the variables that it reads. It writes
to standard output where reports are; TLS and limits of rates belong to a server in front of it.
"""

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio
from aiohttp import web
from anyio import to_thread
from anyio.abc import TaskGroup
from attrs import define, field, frozen

from remote_backend import (
    BatchOptions,
    ReferenceBase,
    RemoteBackendError,
    SettingsError,
    open_workspaces,
)
from remote_backend.atomic_files import write_atomically
from remote_backend.examples.pull_request_hooks import (
    HookRefused,
    PullRequest,
    is_signed,
    pull_request_of,
)
from remote_backend.examples.pull_request_tree import BASE, check_out
from remote_backend.formats.times import utc_now
from remote_backend.reports.summary import Report, make_report
from remote_backend.reports.to_markdown import to_markdown
from remote_backend.structured_logging import Log
from remote_backend.temporary_folders import temporary_folder

__all__ = ("PostReport", "ReviewSettings", "make_app")

log = Log()

_MOST_BYTES = 1 << 20
_MOST_REVIEWS = 100
_REVIEWS_AT_ONCE = 2

PostReport = Callable[[PullRequest, str], Awaitable[None]]
"""Gets each report as Markdown, to post it; what it raises is logged."""


@frozen(kw_only=True)
class ReviewSettings:
    """What the service compares, and in which workspaces."""

    secret: str = field(repr=False)
    """The secret of the webhook."""

    repository: str
    """The full name on GitHub: `acme/networking`."""

    clone_address: str
    """What git fetches from; its credentials are those of git."""

    hostname: str
    organization: str
    prefix: str
    """The remote workspaces: those whose names begin with it."""

    token: str | None = field(default=None, repr=False)
    directory: str = "."
    """The directory of the configuration in the repository."""

    reports: Path
    """A folder for reports: `pull-7-b767d39c0a5e.md`."""

    environ: Mapping[str, str] = field(factory=lambda: dict(os.environ), repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.secret:
            raise SettingsError(
                "webhooks cannot be verified without a secret", parameters=("secret",)
            )


@define(kw_only=True, eq=False)
class _Reviews:
    """The pull requests that are planned now, each in a task of its own."""

    settings: ReviewSettings
    post: PostReport
    group: TaskGroup
    scopes: dict[int, anyio.CancelScope] = field(factory=dict)
    slots: anyio.CapacityLimiter = field(
        factory=lambda: anyio.CapacityLimiter(_REVIEWS_AT_ONCE)
    )

    def take(self, pull: PullRequest) -> None:
        """Stop what is planned for a pull request, and plan it unless it was closed."""
        earlier = self.scopes.pop(pull.number, None)
        if earlier is not None:
            earlier.cancel()
        if not pull.is_open:
            return
        if len(self.scopes) >= _MOST_REVIEWS:
            raise web.HTTPServiceUnavailable(text="too many pull requests are planned\n")
        scope = self.scopes[pull.number] = anyio.CancelScope()
        self.group.start_soon(self._review, pull, scope)

    async def _review(self, pull: PullRequest, scope: anyio.CancelScope) -> None:
        try:
            with scope:
                async with self.slots:
                    text = to_markdown(await _compare(pull, self.settings))
                    path = self.settings.reports / f"pull-{pull.number}-{pull.head[:12]}.md"
                    await to_thread.run_sync(write_atomically, path, text.encode())
                    print(f"pull request {pull.number}: {path}", flush=True)
                    await self.post(pull, text)
        except Exception:
            # Of any kind: a disk that is full or a host that is down must not end the other reviews.
            log.exception("a review failed", pull_request=pull.number)
        finally:
            if self.scopes.get(pull.number) is scope:
                del self.scopes[pull.number]


async def _compare(pull: PullRequest, settings: ReviewSettings) -> Report:
    """Plan both sides in all workspaces; an error becomes a report, because somebody waits for it."""
    started_at = utc_now()
    with temporary_folder() as folder:
        tree = folder.resolve() / "repository"
        tree.mkdir()
        try:
            await check_out(pull, settings.clone_address, tree, settings.environ)
            return await _planned(pull, settings, tree, started_at)
        except RemoteBackendError as error:
            return make_report(
                (),
                batch_id="",
                hostname=settings.hostname,
                organization=settings.organization,
                mapping=f"{settings.prefix}*",
                commit=pull.head,
                started_at=started_at,
                # The folder is gone when somebody reads this.
                problem=str(error).replace(str(tree), settings.repository),
            )


async def _planned(
    pull: PullRequest, settings: ReviewSettings, tree: Path, started_at: str
) -> Report:
    directory = (tree / settings.directory).resolve()
    if not directory.is_relative_to(tree):
        # A branch can hold a link to files of this machine, and plans upload what they are made of.
        raise SettingsError(f"{settings.directory} leads out of the repository")
    # A branch of that name stands for the merge base, so what others merged since then does not count.
    options = BatchOptions(base=ReferenceBase(BASE))
    async with (
        open_workspaces(
            hostname=settings.hostname,
            organization=settings.organization,
            prefix=settings.prefix,
            token=settings.token,
            directory=directory,
            environ=settings.environ,
        ) as backend,
        backend.plan_all(options) as batch,
    ):
        outcomes = await batch.wait()
        return make_report(
            outcomes,
            batch_id=batch.id,
            hostname=settings.hostname,
            organization=settings.organization,
            mapping=f"{settings.prefix}*",
            commit=pull.head,
            started_at=started_at,
            ended_at=utc_now(),
            options=options.plan,
            compared_with=batch.compared_with,
        )


_REVIEWS: web.AppKey[_Reviews] = web.AppKey("reviews", _Reviews)
routes = web.RouteTableDef()


async def _post_nothing(pull: PullRequest, text: str) -> None:
    """Leave the report in its folder."""


def make_app(
    settings: ReviewSettings, group: TaskGroup, *, post: PostReport = _post_nothing
) -> web.Application:
    """Return the application; its reviews run in the task group and end with it."""
    # A larger body is refused while it is read, with status 413.
    app = web.Application(client_max_size=_MOST_BYTES)
    app.add_routes(routes)
    app[_REVIEWS] = _Reviews(settings=settings, post=post, group=group)
    return app


@routes.post("/webhook")
async def take_webhook(request: web.Request) -> web.Response:
    """Take a webhook; what it leads to goes on after the answer."""
    reviews = request.app[_REVIEWS]
    body = await request.read()
    signature = request.headers.get("X-Hub-Signature-256", "")
    if not is_signed(body, signature, reviews.settings.secret):
        return web.Response(status=403, text="the signature is missing or wrong\n")
    if request.headers.get("X-GitHub-Event") != "pull_request":
        return web.Response(status=204)
    try:
        pull = pull_request_of(body, reviews.settings.repository)
    except HookRefused as error:
        return web.Response(status=400, text=f"{error}\n")
    if pull is None:
        return web.Response(status=204)
    reviews.take(pull)
    return web.Response(status=202)


_NEEDED = ("WEBHOOK_SECRET", "REPOSITORY", "TF_CLOUD_ORGANIZATION", "WORKSPACE_PREFIX")


async def _main(environ: Mapping[str, str]) -> None:
    missing = [name for name in _NEEDED if not environ.get(name)]
    if missing:
        sys.exit(f"set these variables first: {', '.join(missing)}")
    settings = ReviewSettings(
        secret=environ["WEBHOOK_SECRET"],
        repository=environ["REPOSITORY"],
        clone_address=f"https://github.com/{environ['REPOSITORY']}.git",
        hostname=environ.get("TF_CLOUD_HOSTNAME", "app.terraform.io"),
        organization=environ["TF_CLOUD_ORGANIZATION"],
        prefix=environ["WORKSPACE_PREFIX"],
        directory=environ.get("DIRECTORY", "."),
        reports=Path(environ.get("REPORTS", ".")),
        environ=environ,
    )
    async with anyio.create_task_group() as group:
        runner = web.AppRunner(make_app(settings, group))
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 8322).start()
            print("POST to http://127.0.0.1:8322/webhook", flush=True)
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await runner.cleanup()


if __name__ == "__main__":
    anyio.run(_main, dict(os.environ))
