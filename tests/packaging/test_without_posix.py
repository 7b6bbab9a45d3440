"""Nothing needs POSIX when it is imported, so the library can be imported on Windows too."""

import subprocess
import sys
from pathlib import Path

from tests.support.modules import module_names

HIDING = """
import builtins, importlib, os, signal, sys

modules = "_curses curses fcntl grp pty pwd readline resource syslog termios tty".split()
signals = [
    "SIG" + name for name in
    "ALRM CHLD CONT HUP KILL PIPE QUIT STOP TSTP TTIN TTOU USR1 USR2 WINCH".split()
]
functions = (
    "O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK chown fchown fork geteuid getpgid getuid"
    " killpg mkfifo setsid statvfs"
).split()
# Other packages choose by the system at hand, so they must see this one as it is.
import aiohttp, aiohttp.web, anyio, asyncio, cattrs, click, cryptography.x509, isal.igzip, pytest
import rich.console, rich.live, rich.progress, rich.table, sqlite3, structlog, tree_sitter
import anyio._backends._asyncio, concurrent.futures.process, ctypes, http.server, uuid

class Missing:
    def __init__(self, real, missing):
        self.__dict__.update(real=real, missing=missing)

    def __getattr__(self, name):
        if name in self.missing:
            raise AttributeError(f"module {self.real.__name__!r} has no attribute {name!r}")
        return getattr(self.real, name)

poor = {"os": Missing(os, functions), "signal": Missing(signal, signals)}
real_import = builtins.__import__

def import_(name, globals=None, locals=None, fromlist=(), level=0):
    if str((globals or {}).get("__name__")).startswith("remote_backend"):
        if name.partition(".")[0] in modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in poor:
            return poor[name]
    return real_import(name, globals, locals, fromlist, level)

builtins.__import__ = import_
failed = {}
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
print(failed or "all imported")
"""


def import_without_posix(*names: str, folder: Path | None = None) -> str:
    """Import modules in a process whose package misses what Windows misses."""
    return subprocess.run(
        [sys.executable, "-c", HIDING, *names],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
    ).stdout


def test_every_module_imports_without_posix() -> None:
    """No module needs `fcntl`, `termios`, SIGHUP, `os.fork` or their like at its top."""
    assert import_without_posix(*module_names()) == "all imported\n"


def test_a_module_that_needs_posix_is_seen(tmp_path: Path) -> None:
    """The test above would name modules that import or name something of POSIX."""
    for name, line in (
        ("remote_backend_a", "import fcntl"),
        ("remote_backend_b", "import signal\nLEAVING = signal.SIGHUP"),
        ("remote_backend_c", "from os import fork"),
        ("remote_backend_d", "import os, signal\nimport json\nKNOWN = signal.SIGINT"),
    ):
        (tmp_path / f"{name}.py").write_text(line, encoding="utf-8")
    names = [f"remote_backend_{letter}" for letter in "abcd"]
    said = import_without_posix(*names, folder=tmp_path)
    assert [name for name in names if name in said] == names[:3]
