"""What keys of the live view do to runs: one is canceled, one is opened, or all are asked about."""

import signal
import sys
import webbrowser
from collections.abc import Callable

from anyio import to_thread
from anyio.abc import TaskGroup
from attrs import define, field

from remote_backend import events
from remote_backend.api.client import Client
from remote_backend.cli.hints import message_of
from remote_backend.cli.output.live import LiveConsole
from remote_backend.cli.output.view.controller import Action
from remote_backend.cli.output.view.keyboard import read_keys
from remote_backend.config.environment import process_environ
from remote_backend.errors import RemoteBackendError
from remote_backend.planning.run_creation import stop_run

__all__ = ("LiveActions", "open_in_browser")


@define(eq=False)
class LiveActions:
    """Reads keys while a batch is watched, and carries out what they ask for."""

    live: LiveConsole
    client_of: Callable[[str], Client]
    answer: Callable[[str], None]
    """Takes the answer to the question after an interrupt."""

    _runs: dict[str, tuple[str, str]] = field(factory=dict)
    """Id and address of the run of each workspace."""

    _group: TaskGroup | None = None

    def start(self, group: TaskGroup) -> None:
        """Read keys until the group is canceled."""
        self._group = group
        self.live.act = self.act
        if self.live.keys is not None:
            group.start_soon(read_keys, self.live.keys, self.live.press)

    def take(self, event: events.Event) -> None:
        """Remember the runs."""
        if isinstance(event, events.RunQueued):
            self._runs[event.workspace] = (event.run_id, event.run_url)

    def act(self, action: Action) -> None:
        """Carry out what a key asks for."""
        if action.kind == "answer":
            self.answer(action.answer)
        elif action.kind == "interrupt":
            # The same way as Ctrl-C, so that both do the same.
            signal.raise_signal(signal.SIGINT)
        elif action.workspace not in self._runs:
            self.live.say(f"{action.workspace} has no run yet.")
        elif self._group is not None:
            run_id, url = self._runs[action.workspace]
            if action.kind == "cancel":
                self.live.cancel([action.workspace])
                self._group.start_soon(self._cancel, action.workspace, run_id)
            else:
                self._group.start_soon(self._open, url)

    async def _cancel(self, workspace: str, run_id: str) -> None:
        try:
            await stop_run(self.client_of(workspace), run_id)
        except RemoteBackendError as error:
            self.live.say(f"{workspace} cannot be canceled: {message_of(error)}")

    async def _open(self, url: str) -> None:
        is_open = await to_thread.run_sync(open_in_browser, url)
        self.live.say(f"Opened {url}" if is_open else url)


def open_in_browser(url: str) -> bool:
    """Open an address in the browser of a person; return False where there is none to see it."""
    if not url.startswith(("http://", "https://")):
        return False
    environ = process_environ()
    has_desktop = sys.platform in ("win32", "darwin") or bool(
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("BROWSER")
    )
    try:
        return has_desktop and webbrowser.open(url)
    except webbrowser.Error:
        return False
