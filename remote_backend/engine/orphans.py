"""Programs of a server that was killed and could not end them."""

import os
import signal
from pathlib import Path

from remote_backend.engine.process_marker import kill_marked_group
from remote_backend.structured_logging import Log

__all__ = ("MARKER", "end_programs_in")

log = Log()

MARKER = "process"
"""The name of the file in the folder of a run that marks its program."""

_PROCESSES = Path("/proc")
# Fields of /proc/PID/stat after the name of the program, which may hold blanks:
# https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
_STATE, _TERMINAL = 0, 4


def end_programs_in(folder: Path) -> int:
    """Kill the programs of the runs whose folders are in a folder; return how many.

    They are found by their markers and, where there is /proc, by their working directories
    too, which also finds those of earlier versions. A program with a terminal is somebody's shell and
    is left alone: engines have none.
    """
    groups = {kill_marked_group(marker) for marker in folder.glob(f"*/{MARKER}")} - {None}
    killed = len(groups)
    inside = f"{os.path.realpath(folder)}/"
    for process in _PROCESSES.glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd").startswith(inside) and _is_engine(process):
                is_new = os.getpgid(int(process.name)) not in groups
                os.kill(int(process.name), signal.SIGKILL)
                killed += is_new
        except OSError:
            # It has ended meanwhile, or it belongs to another user.
            continue
    if killed:
        log.warning("engine.orphans_killed", count=killed)
    return killed


def _is_engine(process: Path) -> bool:
    fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return fields[_STATE] != "Z" and fields[_TERMINAL] == "0"
