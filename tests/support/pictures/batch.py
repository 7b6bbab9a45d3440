"""A batch of forty workspaces in a terminal, from the command to the summary."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from anyio import to_thread

from remote_backend.engine.judgement import SimulatedPolicy
from remote_backend.engine.simulated import Simulation
from remote_backend.models.plan import Counts
from remote_backend.server.seed import SeedWorkspace
from tests.support.batch_view import names_of
from tests.support.command_line import CommandLine, configured_server
from tests.support.paths import REPOSITORY
from tests.support.pictures.terminal_svg import Frame, frame_of, played
from tests.support.terminals import Terminal

__all__ = ("draw_batch",)

_COLUMNS, _LINES = 100, 30
_FRAME_SECONDS, _LAST_SECONDS = 0.6, 8.0
_COMMAND = ("plan", "-all")
_ARGUMENT = """\
Error: Unsupported argument

  on main.tf line 12, in resource "aws_vpc" "this":
  12:   enable_dns_hostname = true

An argument named "enable_dns_hostname" is not expected here. Did you mean
"enable_dns_hostnames"?
"""


async def draw_batch(folder: Path) -> None:
    """Write `batch.svg`."""
    with tempfile.TemporaryDirectory() as scratch:
        seed = [_workspace(number, name) for number, name in enumerate(names_of(40))]
        async with configured_server(Path(scratch), "net-", seed=seed, workers=12) as made:
            frames = await to_thread.run_sync(lambda: list(_frames(made)))
    svg = played(
        frames,
        columns=_COLUMNS,
        title=f"remote-backend {' '.join(_COMMAND)}",
        label="A batch of 40 workspaces in a terminal: rows while they are planned, then a summary",
    )
    (folder / "batch.svg").write_text(svg, encoding="utf-8")


def _workspace(number: int, name: str) -> SeedWorkspace:
    """Return a workspace that fails, destroys, changes or stays, as its number says."""
    log, counts = "", Counts()
    policies: tuple[SimulatedPolicy, ...] = ()
    if number % 13 == 4:
        log = _ARGUMENT
    elif number % 10 == 7:
        log, counts = _planned("aws_route.legacy", "destroyed", 1, 3), Counts(1, 3, 1, 0)
    elif number % 3 == 1:
        log, counts = _planned("aws_eip.nat", "updated in-place", 2, 0), Counts(2, 1, 0, 0)
    if number % 19 == 10:
        text = "aws_s3_bucket.logs is public (line 4)"
        policies = (
            SimulatedPolicy(
                name="no-public-buckets", level="hard-mandatory", passed=False, text=text
            ),
        )
    count = 12 + number * 7 % 40
    lines = [
        f"module.network.aws_subnet.private[{each}]: Refreshing state... [id=subnet-{each:04}]\n"
        for each in range(count)
    ]
    return SeedWorkspace(
        name=f"net-{name}",
        simulation=Simulation(
            seconds=count / 20,
            parts=tuple(line.encode() for line in (*lines, log)),
            succeeds=log != _ARGUMENT,
            counts=counts,
            policies=policies,
        ),
    )


def _planned(address: str, what: str, creates: int, updates: int) -> str:
    """Return the lines of a log that name what would be done."""
    lines = [f"  # {address} will be {what}"]
    lines += [f"  # aws_route.peer[{each}] will be created" for each in range(creates)]
    lines += [
        f"  # aws_route_table.this[{each}] will be updated in-place"
        for each in range(updates)
    ]
    return "".join(f"{line}\n" for line in lines)


def _frames(command_line: CommandLine) -> Iterator[Frame]:
    """Give what the terminal shows, at equal distances, and the end for longer."""
    environ = command_line.environ(PYTHONPATH=str(REPOSITORY), TERM="xterm-256color")
    seen = Terminal(
        command_line.command(*_COMMAND),
        command_line.directory,
        environ,
        (_COLUMNS, _LINES),
    )
    goes_on, due = True, monotonic() + _FRAME_SECONDS
    while goes_on:
        if seen.has_more(max(0.0, due - monotonic())):
            goes_on = seen.read()
        # A drawing is shown as a whole, as terminals do.
        elif monotonic() >= due and seen.is_drawn:
            yield frame_of(seen.screen, _FRAME_SECONDS)
            due += _FRAME_SECONDS
    seen.finish()
    yield frame_of(seen.screen, _LAST_SECONDS)
