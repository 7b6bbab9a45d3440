"""What the benchmarks share: a server in a process of its own, medians, tables, pictures."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results")


class Server:
    """A server in a process of its own; see benchmarks/server.py."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.ready: dict[str, Any] = self._read()
        self.directory = folder / "networking"
        self.directory.mkdir()
        (self.directory / "main.tf").write_text(
            'terraform {\n  backend "remote" {\n'
            f'    hostname = "{self.ready["hostname"]}"\n'
            f'    organization = "{self.ready["organization"]}"\n'
            '    workspaces {\n      prefix = "net-"\n    }\n  }\n}\n'
        )

    def stats(self) -> dict[str, Any]:
        """Return counts of requests and times of runs since this was asked before."""
        assert self._process.stdin is not None
        self._process.stdin.write("stats\n")
        self._process.stdin.flush()
        return self._read()

    def environ(self, **more: str) -> dict[str, str]:
        """Return variables that lead to the server."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {
            **kept,
            "TF_CLI_CONFIG_FILE": self.ready["cli_config_file"],
            "CHECKPOINT_DISABLE": "1",
            **more,
        }

    def pytfe_plans(self, workspaces: int, threads: int) -> list[str]:
        """Return the command that plans so many workspaces with pytfe."""
        script = [sys.executable, str(Path(__file__).with_name("pytfe_plans.py"))]
        who = [self.ready["url"], self.ready["token"], self.ready["organization"]]
        return [*script, *who, str(self.directory), str(workspaces), str(threads)]

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def serving(
    workspaces: int = 1, durations: Sequence[float] = (0.0,), **settings: Any
) -> Iterator[Server]:
    """Run a server with simulated plans that take the given seconds, one after the other.

    `settings` are those of benchmarks/server.py: `faults`, `rules`, `lines`, `line_bytes`.
    """
    with tempfile.TemporaryDirectory() as name:
        told = json.dumps({**settings, "durations": list(durations)})
        command = [sys.executable, "-m", "benchmarks.server", name, str(workspaces), told]
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            try:
                yield Server(Path(name), process)
            finally:
                process.terminate()
                process.wait()


def ended(process: "subprocess.Popen[Any]") -> resource.struct_rusage:
    """Wait for a process, take note of its exit code, and return what it used."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return used


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that so many hundredths of all are not above."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share / 100 * len(ordered)))], 3)


def median(values: Sequence[float]) -> float:
    """Return the median, in milliseconds' precision."""
    return round(statistics.median(values), 3)


def publish(
    name: str, title: str, rows: Sequence[dict[str, Any]], *, bar: str, label: str
) -> None:
    """Print a Markdown table, and write it as JSON and as a picture of one column."""
    heads = list(dict.fromkeys(head for row in rows for head in row))
    print(f"### {title}\n")
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(str(row.get(head, "-")) for head in heads) + " |")
    print()
    RESULTS.mkdir(exist_ok=True)
    machine = {
        "cpus": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }
    document = {"title": title, "machine": machine, "rows": list(rows)}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n")
    (RESULTS / f"{name}.svg").write_text(_picture(title, rows, bar, label))


def _picture(title: str, rows: Sequence[dict[str, Any]], bar: str, label: str) -> str:
    values = [
        float(found) if isinstance(found := row.get(bar), int | float) else 0.0
        for row in rows
    ]
    most = max(values) or 1.0
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="{40 + 22 * len(rows)}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="18" font-weight="bold">{escape(title)}: {escape(bar)}</text>',
    ]
    for place, (row, value) in enumerate(zip(rows, values, strict=True)):
        y = 30 + 22 * place
        lines += [
            f'<text x="8" y="{y + 13}">{escape(str(row[label]))}</text>',
            f'<rect x="330" y="{y}" width="{380 * value / most:.1f}" height="16" fill="#47d"/>',
            f'<text x="{338 + 380 * value / most:.1f}" y="{y + 13}">{value:g}</text>',
        ]
    return "\n".join([*lines, "</svg>\n"])
