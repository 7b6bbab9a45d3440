"""What the benchmarks share: a server in a process of its own, medians, tables, pictures."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("results")


@contextmanager
def serving(
    folder: Path, *, workspaces: int, seconds: float, faults: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Run a server with the simulated engine and give what its ready file says."""
    names = [f"net-{number:04}" for number in range(workspaces)]
    simulated = {"seconds": seconds, "add": 1, "log": "one\ntwo\nthree\n"}
    seed = {"workspace": {name: {"simulated": simulated} for name in names}}
    (folder / "seed.json").write_text(json.dumps(seed))
    (folder / "faults.json").write_text(json.dumps(faults))
    command = [
        *(sys.executable, "-m", "remote_backend", "serve", "-engine=simulated"),
        *(f"-data={folder / 'data'}", f"-ready-file={folder / 'ready.json'}"),
        *(f"-seed={folder / 'seed.json'}", f"-faults={folder / 'faults.json'}"),
        f"-workers={workspaces}",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while not (folder / "ready.json").exists():
                time.sleep(0.02)
            ready = json.loads((folder / "ready.json").read_text())
            directory = folder / "networking"
            directory.mkdir()
            (directory / "main.tf").write_text(
                f'terraform {{\n  backend "remote" {{\n    hostname = "{ready["hostname"]}"\n'
                f'    organization = "{ready["organization"]}"\n'
                '    workspaces {\n      prefix = "net-"\n    }\n  }\n}\n'
            )
            yield {
                **ready,
                "directory": directory,
                "token": Path(ready["token_file"]).read_text(),
            }
        finally:
            process.terminate()
            process.wait()


def environ_of(ready: dict[str, Any], **more: str) -> dict[str, str]:
    """Return variables that lead to the server."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "TF_CLI_CONFIG_FILE": ready["cli_config_file"],
        "CHECKPOINT_DISABLE": "1",
        **more,
    }


def median(values: Sequence[float]) -> float:
    """Return the median, in milliseconds' precision."""
    return round(statistics.median(values), 3)


def publish(
    name: str, title: str, rows: Sequence[dict[str, Any]], *, bar: str, label: str
) -> None:
    """Print a Markdown table, and write it as JSON and as a picture of one column."""
    heads = list(rows[0])
    print(f"### {title}\n")
    print("| " + " | ".join(heads) + " |")
    print("|" + " --- |" * len(heads))
    for row in rows:
        print("| " + " | ".join(str(row[head]) for head in heads) + " |")
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
    values = [float(row[bar]) if isinstance(row[bar], int | float) else 0.0 for row in rows]
    most = max(values) or 1.0
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{40 + 22 * len(rows)}" '
        'font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="8" y="18" font-weight="bold">{escape(title)}: {escape(bar)}</text>',
    ]
    for place, (row, value) in enumerate(zip(rows, values, strict=True)):
        y = 30 + 22 * place
        lines += [
            f'<text x="8" y="{y + 13}">{escape(str(row[label]))}</text>',
            f'<rect x="260" y="{y}" width="{380 * value / most:.1f}" height="16" fill="#47d"/>',
            f'<text x="{268 + 380 * value / most:.1f}" y="{y + 13}">{value:g}</text>',
        ]
    return "\n".join([*lines, "</svg>\n"])
