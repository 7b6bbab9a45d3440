"""Programs of a server that was killed and could not end them."""

import os
import signal
from pathlib import Path

from remote_backend.structured_logging import Log

__all__ = ("end_programs_in",)

log = Log()

_PROCESSES = Path("/proc")
# Fields of /proc/PID/stat after the name of the program, which may hold blanks:
# https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
_STATE, _TERMINAL = 0, 4


def end_programs_in(folder: Path) -> int:
    """Kill the programs whose working directory is inside a folder; return how many.

    A program with a terminal is somebody's shell and is left alone: engines have none. On
    systems without /proc nothing is found.
    """
    inside = f"{os.path.realpath(folder)}/"
    killed = 0
    for process in _PROCESSES.glob("[0-9]*"):
        try:
            if os.readlink(process / "cwd").startswith(inside) and _is_engine(process):
                os.kill(int(process.name), signal.SIGKILL)
                killed += 1
        except OSError:
            # It has ended meanwhile, or it belongs to another user.
            continue
    if killed:
        log.warning("engine.orphans_killed", count=killed)
    return killed


def _is_engine(process: Path) -> bool:
    fields = (process / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    return fields[_STATE] != "Z" and fields[_TERMINAL] == "0"
