"""Start of commands, the wire, states, reports and the live view: each beside the plain way.

python -m benchmarks.bench_small start|wire|state|report|view
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import ended, median, publish, serving

REPETITIONS = 5


def start() -> None:
    """CPU seconds of small commands as processes."""
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "remote-backend version": [sys.executable, "-m", "remote_backend", "version"],
        "remote-backend plan -help": [
            sys.executable,
            "-m",
            "remote_backend",
            "plan",
            "-help",
        ],
    }
    if terraform := shutil.which("terraform"):
        commands["terraform version"] = [terraform, "version"]
    rows = []
    for who, command in commands.items():
        used = [cpu_of(command) for _ in range(REPETITIONS)]
        rows.append({"who": who, "CPU seconds": median(used)})
    publish("start", "Start of commands", rows, bar="CPU seconds", label="who")


def cpu_of(command: list[str]) -> float:
    """Return the CPU seconds of a command and all that it starts."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command,
        capture_output=True,
        check=True,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def wire() -> None:
    """Documents with a hundred runs and plans, read by us, by json alone, and by pydantic."""
    import pydantic

    from remote_backend.api.messages import Response
    from remote_backend.api.wire.runs import load_runs_with_plans

    body = json.dumps(document(100)).encode()
    response = Response(status=200, body=body)

    class Attributes(pydantic.BaseModel):
        status: str
        message: str
        plan_only: bool = pydantic.Field(alias="plan-only")

    class Resource(pydantic.BaseModel):
        id: str
        type: str
        attributes: dict[str, Any]
        relationships: dict[str, Any] = {}

    class Document(pydantic.BaseModel):
        data: list[Resource]
        included: list[Resource]

    def typed() -> object:
        found = Document.model_validate_json(body)
        return [Attributes.model_validate(one.attributes) for one in found.data]

    ways: dict[str, Callable[[], object]] = {
        "json alone": lambda: json.loads(body),
        "remote-backend": lambda: load_runs_with_plans(response),
        "pydantic": typed,
    }
    rows = []
    for who, work in ways.items():
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < 1.5:
            work()
            count += 1
        seconds = time.perf_counter() - began
        rows.append({"who": who, "runs per second": round(100 * count / seconds)})
    publish("wire", "Reading run lists", rows, bar="runs per second", label="who")


def document(count: int) -> dict[str, Any]:
    """Return a page of runs with their plans."""
    data, included = [], []
    for number in range(count):
        attributes = {"status": "planning", "message": "m", "plan-only": True, "has-changes": False,
                      "actions": {"is-cancelable": True}, "created-at": "2026-01-01T00:00:00Z"}  # fmt: skip
        plan = {"id": f"plan-{number}", "type": "plans"}
        data.append({"id": f"run-{number}", "type": "runs", "attributes": attributes,
                     "relationships": {"plan": {"data": plan}}})  # fmt: skip
        included.append({**plan, "attributes": {"status": "running", "resource-additions": None,
                                                "log-read-url": "https://blobs.test/x"}})  # fmt: skip
    return {"data": data, "included": included, "meta": {"pagination": {"next-page": None}}}


def state() -> None:
    """A state of 50 MB: pull, output and taint, with the memory of the process."""
    rows = []
    with serving() as server:
        path = server.directory / "big.tfstate"
        # In a process of its own: what starts a process passes its memory on to the figures.
        maker = "from benchmarks.bench_small import big_state; print(big_state(50_000_000))"
        with path.open("wb") as file:
            subprocess.run([sys.executable, "-c", maker], stdout=file, check=True)
        size = path.stat().st_size
        for who, arguments in {
            "push": ["state", "push", "big.tfstate"],
            "pull": ["state", "pull"],
            "output": ["output"],
            "taint": ["taint", "aws_subnet.s[5]"],
        }.items():
            command = [sys.executable, "-m", "remote_backend", *arguments]
            began = time.perf_counter()
            with subprocess.Popen(
                command,
                cwd=server.directory,
                env=server.environ(TF_WORKSPACE="0000"),
                stdout=subprocess.DEVNULL,
            ) as process:
                used = ended(process)
            peak = used.ru_maxrss >> 10
            rows.append(
                {
                    "command": who,
                    "state MB": round(size / 1e6, 1),
                    "seconds": round(time.perf_counter() - began, 2),
                    "peak MiB": peak,
                    "times the state": round(peak / (size / 2**20), 1),
                    "exit": process.returncode,
                }
            )
    publish("state", "A state of 50 MB", rows, bar="seconds", label="command")


def big_state(size: int) -> str:
    """Return a state of about so many bytes."""
    instance = {
        "schema_version": 1,
        "attributes": {"id": "x" * 40, "tags": {f"t{n}": "v" * 40 for n in range(10)}},
    }
    one = len(json.dumps(instance, indent=2))
    instances = [{"index_key": n, **instance} for n in range(size // one)]
    half = len(instances) // 1000 + 1
    resources = [
        {"mode": "managed", "type": "aws_subnet", "name": "s" if not n else f"s{n}", "provider": "p",
         "instances": instances[n * 1000 : (n + 1) * 1000]}
        for n in range(half)
    ]  # fmt: skip
    return json.dumps(
        {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "l",
         "outputs": {"o": {"value": "v", "type": "string"}}, "resources": resources}, indent=2,
    )  # fmt: skip


def report() -> None:
    """Reports of a thousand workspaces, ten different, ten failed; the page opened by Chromium."""
    from remote_backend.models.changes import (
        AttributeChange,
        PlannedChanges,
        ResourceChange,
    )
    from remote_backend.models.failure import Failure, FailureKind
    from remote_backend.models.outcome import Outcome, Result
    from remote_backend.models.values import Value
    from remote_backend.reports.limits import MOST_CHARACTERS
    from remote_backend.reports.summary import make_report
    from remote_backend.reports.to_html import to_html
    from remote_backend.reports.to_json import to_json
    from remote_backend.reports.to_junit import to_junit
    from remote_backend.reports.to_markdown import to_markdown

    def outcome(number: int) -> Outcome:
        name = f"eu-{number:04}"
        resources = [
            ResourceChange(
                address=f'aws_subnet.s["{name}-{n}"]',
                action="update" if number % 100 else "delete",
                attributes=(
                    AttributeChange(
                        path=("tags", "Name"),
                        before=Value(value="a"),
                        after=Value(value=name),
                    ),
                ),
            )
            for n in range(20 + (0 if number % 100 else number // 100))
        ]
        if number % 100 == 50:
            failure = Failure(kind=FailureKind.TERRAFORM, title="Unsupported argument")
            return Outcome(
                workspace=name,
                full_name=f"net-{name}",
                result=Result.FAILED,
                failure=failure,
            )
        return Outcome(
            workspace=name,
            full_name=f"net-{name}",
            result=Result.CHANGES,
            changes=PlannedChanges(resources=tuple(resources)),
            run_url=f"https://tfe.test/app/acme/net-{name}/runs/run-{number}",
            seconds=1.0 + number % 7,
        )

    outcomes = [outcome(number) for number in range(1000)]
    logs = {
        one.workspace: "a line of a log\n" * 625 for one in outcomes if not one.succeeded
    }
    rows = []

    def timed(what: str, work: Callable[[], Any]) -> Any:
        times, made = [], None
        for _ in range(REPETITIONS):
            began = time.perf_counter()
            made = work()
            times.append(time.perf_counter() - began)
        size = len(made.encode()) if isinstance(made, str) else 0
        rows.append({"what": what, "seconds": median(times), "kB": round(size / 1000, 1)})
        return made

    made = timed(
        "groups",
        lambda: make_report(
            outcomes,
            batch_id="batch-1",
            hostname="tfe.test",
            organization="acme",
            started_at="2026-01-01T00:00:00+00:00",
            logs=logs,
        ),
    )
    markdown = timed("Markdown", lambda: to_markdown(made))
    assert len(markdown) <= MOST_CHARACTERS
    assert all(f"`eu-{n:02}00`" in markdown for n in range(10))
    page = timed("HTML", lambda: to_html(made))
    timed("JSON", lambda: to_json(made))
    timed("JUnit", lambda: to_junit(made))
    if chromium := shutil.which("chromium"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "report.html")
            path.write_text(page)
            for what, seconds in opened(chromium, path.as_uri()).items():
                rows.append({"what": what, "seconds": seconds, "kB": "-"})
    publish("report", "Reports of 1,000 workspaces", rows, bar="seconds", label="what")


def view() -> None:
    """Share of a core that the live view takes, at the most drawings a second that it makes."""
    from remote_backend.cli.output.view.cells import terminal_text
    from remote_backend.cli.output.view.drawing import Drawing
    from remote_backend.cli.output.view.layout import Controls, draw
    from remote_backend.cli.output.view.signs import UNICODE
    from remote_backend.cli.output.view.theme import Theme
    from tests.support.batch_view import NOW, batch_of

    a_second = 10
    theme = Theme(title="acme/net-*", signs=UNICODE)
    rows = []
    for count in (40, 400, 1000):
        for size in ((80, 24), (200, 50)):
            batch = batch_of(count)
            with open(os.devnull, "w", encoding="utf-8") as terminal:
                drawing = Drawing(terminal, lambda size=size: size)  # type: ignore[misc]
                began = time.process_time()
                for number in range(10 * a_second):
                    lines = draw(batch, Controls(), theme, size, NOW + number / a_second)
                    drawing.update([terminal_text(each, colors=True) for each in lines])
                share = (time.process_time() - began) / 10
            what = f"{count} workspaces, {size[0]}x{size[1]}"
            rows.append({"what": what, "share of a core": share})
    publish("view", "The live view", rows, bar="share of a core", label="what")


def opened(chromium: str, address: str) -> dict[str, float]:
    """Return how long a page takes to open, and a search in it until it is drawn."""
    from playwright.sync_api import sync_playwright

    drawn = "() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))"
    opening, searching = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"]
        )
        for _ in range(REPETITIONS):
            page = browser.new_page()
            began = time.perf_counter()
            page.goto(address)
            page.evaluate(drawn)
            opening.append(time.perf_counter() - began)
            began = time.perf_counter()
            page.fill("#search", "eu-0500")
            page.evaluate(drawn)
            searching.append(time.perf_counter() - began)
            page.close()
        browser.close()
    return {"opening the page": median(opening), "searching in it": median(searching)}


if __name__ == "__main__":
    {"report": report, "start": start, "wire": wire, "state": state, "view": view}[
        sys.argv[1]
    ]()
