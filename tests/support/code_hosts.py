"""The comments and issues of GitHub and GitLab, in memory, as their APIs read and write them."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from attrs import define, field

__all__ = ("FakeGithub", "FakeGitlab", "listening_at")

_OTHERS = 120


@asynccontextmanager
async def listening_at(host: "FakeGithub | FakeGitlab") -> AsyncIterator[str]:
    """Serve an API on loopback, and give its address."""
    app = web.Application(middlewares=[host.require_token])
    app.add_routes(host.routes())
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        [address] = runner.addresses
        yield f"http://127.0.0.1:{address[1]}"
    finally:
        await runner.cleanup()


@define
class _CodeHost:
    token: str = "write-token"
    me: str = "github-actions[bot]"
    comments: list[dict[str, Any]] = field(factory=list)
    issues: list[dict[str, Any]] = field(factory=list)
    written: list[str] = field(factory=list)
    """Method and path of each request that changed something."""

    @property
    def mine(self) -> list[str]:
        """The texts of comments that the recipe wrote."""
        return [each["body"] for each in self.comments if self._is_mine(each)]

    def crowd(self, marker: str) -> None:
        """Let others write more than a page of comments, one of which imitates ours."""
        for number in range(_OTHERS):
            text = f"{marker}\nAll fine." if number == 1 else f"+1 ({number})"
            self.comments.append(self._entry(len(self.comments) + 1, "mallory", text))

    @web.middleware
    async def require_token(self, request: web.Request, handler: Any) -> web.StreamResponse:
        """Let nobody in without the token, and note what changes something."""
        given = request.headers.get("Authorization", "").removeprefix("token ")
        if (request.headers.get("PRIVATE-TOKEN") or given) != self.token:
            raise web.HTTPUnauthorized
        if request.method != "GET":
            self.written.append(f"{request.method} {request.path}")
        response: web.StreamResponse = await handler(request)
        return response

    def _is_mine(self, entry: dict[str, Any]) -> bool:
        raise NotImplementedError

    def _entry(self, number: int, person: str, body: str) -> dict[str, Any]:
        raise NotImplementedError

    def _page(
        self, request: web.Request, entries: Iterable[dict[str, Any]]
    ) -> web.Response:
        entries = list(entries)
        size = int(request.query["per_page"])
        number = int(request.query.get("page", 1))
        shown = entries[(number - 1) * size : number * size]
        following = request.url.update_query(page=number + 1)
        has_more = len(entries) > number * size
        links = {"Link": f'<{following}>; rel="next", <{request.url}>; rel="first"'}
        return web.json_response(shown, headers=links if has_more else {})

    async def _add(
        self, request: web.Request, entries: list[dict[str, Any]], text: str
    ) -> web.Response:
        given = await request.json()
        body = given.pop(text)
        entries.append({**self._entry(len(entries) + 1, self.me, body), **given})
        return web.json_response(entries[-1], status=201)

    async def _list_comments(self, request: web.Request) -> web.Response:
        return self._page(request, self.comments)

    async def _add_comment(self, request: web.Request) -> web.Response:
        return await self._add(request, self.comments, "body")

    async def _change_comment(self, request: web.Request) -> web.Response:
        [entry] = (
            each for each in self.comments if str(each["id"]) == request.match_info["id"]
        )
        entry |= await request.json()
        return web.json_response(entry)


class FakeGithub(_CodeHost):
    """https://docs.github.com/rest/issues: comments of one pull request, and issues."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, of which each knows one repository."""
        issues = "/repos/acme/net/issues"
        return [
            web.get(f"{issues}/7/comments", self._list_comments),
            web.post(f"{issues}/{{number}}/comments", self._add_comment),
            web.patch(f"{issues}/comments/{{id}}", self._change_comment),
            web.get(issues, self._list_issues),
            web.post(issues, self._add_issue),
            web.patch(f"{issues}/{{number}}", self._change_issue),
        ]

    def _entry(self, number: int, person: str, body: str) -> dict[str, Any]:
        entry = {"id": 1000 + number, "number": number, "state": "open"}
        return {**entry, "user": {"login": person}, "body": body}

    def _is_mine(self, entry: dict[str, Any]) -> bool:
        return bool(entry["user"]["login"] == self.me)

    async def _list_issues(self, request: web.Request) -> web.Response:
        state = request.query["state"]
        return self._page(request, (each for each in self.issues if each["state"] == state))

    async def _add_issue(self, request: web.Request) -> web.Response:
        return await self._add(request, self.issues, "body")

    async def _change_issue(self, request: web.Request) -> web.Response:
        entry = self.issues[int(request.match_info["number"]) - 1]
        entry |= await request.json()
        return web.json_response(entry)


class FakeGitlab(_CodeHost):
    """https://docs.gitlab.com/api/notes and /issues: one merge request, and issues."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes, of which each knows one project."""
        notes, issues = "/projects/3/merge_requests/7/notes", "/projects/3/issues"
        return [
            web.get("/user", self._show_user),
            web.get(notes, self._list_comments),
            web.post(notes, self._add_comment),
            web.put(f"{notes}/{{id}}", self._change_comment),
            web.get(issues, self._list_issues),
            web.post(issues, self._add_issue),
            web.put(f"{issues}/{{iid}}", self._change_issue),
            web.post(f"{issues}/{{iid}}/notes", self._add_comment),
        ]

    def _entry(self, number: int, person: str, body: str) -> dict[str, Any]:
        entry = {"id": 1000 + number, "iid": number, "state": "opened"}
        return {**entry, "author": {"username": person}, "body": body, "description": body}

    def _is_mine(self, entry: dict[str, Any]) -> bool:
        return bool(entry["author"]["username"] == self.me)

    async def _show_user(self, request: web.Request) -> web.Response:
        return web.json_response({"id": 5, "username": self.me})

    async def _list_issues(self, request: web.Request) -> web.Response:
        state, author = request.query["state"], request.query["author_username"]
        issues = [each for each in self.issues if each["state"] == state]
        mine = (each for each in issues if each["author"]["username"] == author)
        return self._page(request, mine)

    async def _add_issue(self, request: web.Request) -> web.Response:
        return await self._add(request, self.issues, "description")

    async def _change_issue(self, request: web.Request) -> web.Response:
        entry = self.issues[int(request.match_info["iid"]) - 1]
        changes = await request.json()
        if changes.pop("state_event", "") == "close":
            entry["state"] = "closed"
        entry |= changes
        return web.json_response(entry)
