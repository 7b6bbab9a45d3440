"""The examples of docstrings are run as they stand; those of pages by `tests/docs/test_blocks.py`."""

import asyncio
import inspect
import re
import textwrap
import types
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import remote_backend
from remote_backend import blocking, testing
from tests.support.documents import PAGES, read

BLOCK = re.compile(r"^( *)```python\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def blocks_of(text: str) -> list[str]:
    """Return the Python programs in a text, without the indentation of their place."""
    return [textwrap.dedent(match[2]) for match in BLOCK.finditer(text)]


def documented() -> Iterator[tuple[str, Any]]:
    """Give every public thing with a docstring, methods included."""
    for module in (remote_backend, blocking, testing):
        yield module.__name__, module
        for name in module.__all__:
            value = getattr(module, name)
            yield f"{module.__name__}.{name}", value
            if inspect.isclass(value) and value.__module__.startswith("remote_backend."):
                for method, function in inspect.getmembers(value, inspect.isfunction):
                    yield f"{module.__name__}.{name}.{method}", function


EXAMPLES = [
    *(
        (name, text)
        for name, value in documented()
        for text in blocks_of(value.__doc__ or "")
    ),
]
WITH_EXAMPLE = {
    f"remote_backend.{name}"
    for name in (
        "open_backend",
        "open_workspaces",
        "outputs",
        "plan",
        "plan_all",
        "Backend.change_state",
        "Backend.plan",
        "Backend.plan_all",
        "Backend.resume",
        "Backend.workspaces",
        "PlanOptions",
        "blocking.outputs",
        "blocking.plan",
        "blocking.plan_all",
        "testing.serve",
        "testing.serve_in_thread",
    )
}


@pytest.fixture(scope="module")
def server() -> Iterator[testing.EmbeddedServer]:
    """Run a server that has the workspaces of the examples."""
    names = ("networking-eu-1", "networking-us-1")
    with testing.serve_in_thread(workspaces=names) as running:
        yield running


@pytest.mark.parametrize(("name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_runs(
    name: str,
    text: str,
    server: testing.EmbeddedServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a directory with the configuration `networking`, and with host and token as variables."""
    server.write_configuration(tmp_path / "networking", prefix="networking-")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(server.cli_config_file))
    values = {
        "remote_backend": remote_backend,
        "hostname": server.hostname,
        "token": server.token,
    }
    code = compile(text, name, "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = types.FunctionType(code, values)()
    if inspect.iscoroutine(result):
        asyncio.run(result)


def test_what_people_begin_with_has_an_example() -> None:
    """The functions and methods of a first program show their use."""
    assert {name for name, _ in EXAMPLES} >= WITH_EXAMPLE


def names_to_show() -> Iterator[str]:
    """Give each public function, and each method of a backend and a batch."""
    for module in (remote_backend, blocking, testing):
        yield from (
            name for name in module.__all__ if inspect.isroutine(getattr(module, name))
        )
    for kind in (remote_backend.Backend, remote_backend.Batch):
        methods = inspect.getmembers(kind, inspect.isfunction)
        yield from (name for name, _ in methods if not name.startswith("_"))


@pytest.mark.parametrize("name", sorted(set(names_to_show())))
def test_every_public_function_is_called_in_an_example(name: str) -> None:
    """In a docstring, or on a page, whose blocks `tests/docs/test_blocks.py` runs."""
    pages = (text for page in PAGES for text in blocks_of(read(page)))
    programs = [text for _, text in EXAMPLES] + list(pages)
    assert any(re.search(rf"\b{name}\(", text) for text in programs)


def test_a_wrong_example_is_seen() -> None:
    """A block in a docstring is found with its indentation, and would be run."""
    [block] = blocks_of("Text.\n\n    ```python\n    if 1:\n        1 / 0\n    ```\n")
    assert block == "if 1:\n    1 / 0\n"
