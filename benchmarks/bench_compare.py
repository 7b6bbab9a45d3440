"""What a branch changes: ours beside two loops of Terraform, one over each side.

    python -m benchmarks.bench_compare

The loops plan all workspaces with one side and then with the other; what a diff of their texts takes
is not counted. Servers, plans and limits are those of `bench_batch`.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bench_batch import NEAR, PLAN_SECONDS, by_terraform, by_us
from benchmarks.bench_latency import terraforms
from benchmarks.measure import Server, publish, serving

WIDTH = 10


def main() -> None:
    """Measure all contestants and write the table."""
    rows = []
    for workspaces in (10, 200):
        with serving(workspaces, [PLAN_SECONDS], faults=NEAR) as server:
            commit_two_sides(server.directory)
            for who, once in contestants(server, workspaces).items():
                # Requests of one must not count against the next.
                time.sleep(1)
                rows.append(row(f"{who}: {workspaces}", workspaces, once()))
                print(rows[-1], file=sys.stderr)
    publish("compare", "A comparison", rows, bar="seconds", label="who")


def contestants(server: Server, workspaces: int) -> dict[str, Callable[[], dict[str, Any]]]:
    """Return what each of them does, by names; loops that would take minutes are left out."""
    name, program = next(iter(terraforms().items()))
    found: dict[str, Callable[[], dict[str, Any]]] = {
        "remote-backend plan -all -compare": partial(by_us, server, ("-compare=main",))
    }
    for width in (WIDTH, 1) if workspaces <= WIDTH else ():
        plan_all = partial(by_terraform, server, program, workspaces, width)
        found[f"two loops of {name}, {width} at once"] = partial(twice, plan_all)
    return found


def twice(plan_all: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Plan both sides, one after the other, and add up what that took."""
    one, other = plan_all(), plan_all()
    summed = ("seconds", "failed", "api", "all", "uploads", "cpu")
    return {**{name: one[name] + other[name] for name in summed}, "peak": one["peak"]}


def row(who: str, workspaces: int, found: dict[str, Any]) -> dict[str, Any]:
    """Return what a comparison took."""
    return {
        "who": who,
        "seconds": round(found["seconds"], 2),
        "failed": found["failed"],
        "API requests each": round(found["api"] / workspaces, 2),
        "all requests each": round(found["all"] / workspaces, 2),
        "uploads": found["uploads"],
        "CPU seconds": round(found["cpu"], 2),
        "peak MiB": round(found["peak"]),
    }


def commit_two_sides(directory: Path) -> None:
    """Commit the configuration to main, and something else to a branch."""
    git = ["git", "-c", "user.name=bench", "-c", "user.email=bench@example.test"]

    def run(*arguments: str) -> None:
        subprocess.run([*git, *arguments], cwd=directory, check=True, capture_output=True)

    (directory / ".gitignore").write_text(".terraform/\n")
    run("init", "--initial-branch=main")
    run("add", ".")
    run("commit", "--message=base")
    run("checkout", "-b", "change")
    (directory / "more.tf").write_text("locals {}\n")
    run("add", ".")
    run("commit", "--message=head")


if __name__ == "__main__":
    main()
