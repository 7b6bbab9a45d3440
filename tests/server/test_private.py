"""Nobody gets in, nothing of the data is seen by others, and faults are reported to the owner."""

import asyncio
import errno
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import structlog
from attrs import evolve

from remote_backend.errors import PlainTraffic, SettingsError
from remote_backend.server.data_directory import used_alone
from remote_backend.server.embedded import serve
from remote_backend.server.login_limit import LoginLimit
from remote_backend.server.routes import account
from tests.support.browser import Browser
from tests.support.raw_client import RawClient, settings_in

POSIX_MODES = pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX modes")


async def start(folder: Path, **changes: Any) -> None:
    """Start a server and stop it again."""
    async with serve(settings_in(folder, **changes), {}):
        pass


def mode_of(path: Path) -> int:
    """Return the permissions of a file or a folder."""
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("token", ["", "  "])
async def test_an_empty_token_is_refused(tmp_path: Path, token: str) -> None:
    """It is that of an unset variable of a shell, and everyone would know it (S14)."""
    settings = evolve(settings_in(tmp_path), token=token)
    with pytest.raises(SettingsError, match="the token is empty"):
        async with serve(settings, {}):
            pass
    assert not (tmp_path / "data" / "token").exists()


async def test_an_empty_token_file_is_refused(tmp_path: Path) -> None:
    """The error names it."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "token").write_text("\n")

    with pytest.raises(SettingsError, match=r"removing an empty .*token"):
        async with serve(evolve(settings_in(tmp_path), token=None), {}):
            pass


@POSIX_MODES
async def test_a_data_directory_becomes_private(tmp_path: Path) -> None:
    """Whatever its modes were before; the states in it are those of others."""
    await start(tmp_path)
    data = tmp_path / "data"
    for path in (data, data / "states"):
        path.chmod(0o755)
    (data / "records.sqlite").chmod(0o644)

    await start(tmp_path)

    assert (mode_of(data), mode_of(data / "states")) == (0o700, 0o700)
    assert mode_of(data / "records.sqlite") == 0o600


@POSIX_MODES
def test_a_folder_with_files_of_others_keeps_its_mode(tmp_path: Path) -> None:
    """It may be a home directory; only what the server keeps in it is made private."""
    (tmp_path / "notes.txt").write_text("mine")
    tmp_path.chmod(0o755)

    with used_alone(tmp_path):
        modes = {path.name: mode_of(path) for path in tmp_path.iterdir()}

    assert mode_of(tmp_path) == 0o755
    assert modes.pop("notes.txt") not in (0o600, 0o700)
    assert set(modes.values()) == {0o600, 0o700}


def test_a_data_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "data").write_text("")

    with pytest.raises(SettingsError, match="data cannot be made private"):
        with used_alone(tmp_path / "data"):
            pass


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
async def test_plain_traffic_stays_on_this_machine(tmp_path: Path, host: str) -> None:
    """Tokens and states would be in clear text; nothing is written before this is said."""
    with pytest.raises(PlainTraffic, match=host):
        async with serve(settings_in(tmp_path, host=host), {}):
            pass
    assert not (tmp_path / "data").exists()


async def test_plain_traffic_may_be_allowed(tmp_path: Path) -> None:
    """For a proxy that adds TLS."""
    async with serve(settings_in(tmp_path, host="0.0.0.0", plain_http=True), {}) as server:
        assert server.url.startswith("http://127.0.0.1:")


def test_failed_logins_are_limited_by_address() -> None:
    """Ten within a minute; other addresses are not concerned, and a minute later it is over."""
    now = 100.0
    limit = LoginLimit(clock=lambda: now)
    for _ in range(9):
        limit.count_failure("a")
    assert not limit.is_exceeded("a")
    limit.count_failure("a")
    assert limit.is_exceeded("a")
    assert not limit.is_exceeded("b")

    now = 161.0
    assert not limit.is_exceeded("a")


def test_failed_logins_take_bounded_memory() -> None:
    """Of very many addresses the oldest are forgotten."""
    limit = LoginLimit(clock=lambda: 0.0)
    for _ in range(10):
        limit.count_failure("first")
    for number in range(1000):
        limit.count_failure(str(number))

    assert not limit.is_exceeded("first")


async def test_a_browser_that_tries_tokens_is_stopped(browser: Browser) -> None:
    """Even the right one is refused then, so that its success is no sign (S14)."""
    statuses = [(await browser.log_in("")).status]
    statuses += [(await browser.log_in(f"try-{number}")).status for number in range(9)]
    stopped = await browser.log_in(browser.server.token)

    assert statuses == [401] * 10
    assert stopped.status == 429
    assert "Set-Cookie" not in stopped.headers


async def test_login_ends_in_no_header_of_others(browser: Browser) -> None:
    """A line break in the address to go on to would begin another header (S15)."""
    answer = await browser.log_in(browser.server.token, "/app\r\nX-Evil: 1")

    assert (answer.status, answer.headers["Location"]) == (303, "/app")


async def test_a_fault_is_logged_and_not_shown(
    raw_client: RawClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client gets 500 without the cause, the log has it with its traceback (S15)."""

    def fail(user: object) -> None:
        raise LookupError("a secret of the server")

    monkeypatch.setattr(account, "dump_account", fail)
    with structlog.testing.capture_logs() as logged:
        answer = await raw_client("GET", "/api/v2/account/details")

    assert answer.status == 500
    assert b"secret" not in answer.body
    (event,) = (event for event in logged if event["log_level"] != "debug")
    assert (event["event"], event["log_level"]) == ("request.broke", "error")
    assert event["exc_info"] is True


def full_file() -> Exception:
    """Return the error of a file that cannot grow."""
    return OSError(errno.ENOSPC, "No space left on device")


def full_database() -> Exception:
    """Return the error of a database that cannot grow."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("pragma max_page_count = 1")
        try:
            connection.execute("create table large (body)")
            connection.execute("insert into large values (zeroblob(100000))")
        except sqlite3.OperationalError as error:
            return error
    raise AssertionError("the database grew")


@pytest.mark.parametrize("make_error", [full_file, full_database])
async def test_a_full_disk_is_named(
    raw_client: RawClient,
    monkeypatch: pytest.MonkeyPatch,
    make_error: Callable[[], Exception],
) -> None:
    """A client can say why, and try again later (S16)."""
    error = make_error()

    def fail(user: object) -> None:
        raise error

    monkeypatch.setattr(account, "dump_account", fail)
    answer = await raw_client("GET", "/api/v2/account/details")

    assert answer.status == 507
    assert answer.json["errors"][0]["title"] == "the disk of the server is full"


async def test_bytes_that_are_not_http_leave_no_traceback(
    raw_client: RawClient, capfd: pytest.CaptureFixture[str]
) -> None:
    """Scanners send them, without a token; the answer is 400 (S15)."""
    host, port = raw_client.server.url.removeprefix("http://").rsplit(":", 1)
    with structlog.testing.capture_logs() as logged:
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"\x16\x03\x01\x02 nonsense\r\n\r\n")
        reply = await reader.read()
        writer.close()

    assert b" 400 " in reply.splitlines()[0]
    assert {event["log_level"] for event in logged} <= {"debug", "info"}
    assert capfd.readouterr().err == ""
