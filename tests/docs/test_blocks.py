"""Every block of code in the README and in docs/ is run, or read by the program that it is for.

A block that cannot be run in a test has a comment in front of it, `<!-- not run: REASON -->`; its command
lines are read with the real flags all the same.
"""

import asyncio
import inspect
import json
import os
import subprocess
import sys
import types
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
import yaml

import remote_backend
from remote_backend import testing
from remote_backend.config.backend_block import read_backend
from remote_backend.config.hcl import parse_hcl
from remote_backend.server.fault_rules import read_faults
from remote_backend.server.seed import read_seed
from tests.support.documents import PAGES, Block, blocks, code_spans, read
from tests.support.paths import REPOSITORY
from tests.support.shell_lines import flags_gone, own_commands, problem_with

SHELL = ("bash", "console", "sh", "")
# What no program reads.
PROSE = ("diff", "dockerfile", "mermaid", "text")
# How to repeat the benchmarks, which take minutes.
NOT_READ = REPOSITORY / "benchmarks/RESULTS.md"
BLOCKS = [block for page in PAGES if page != NOT_READ for block in blocks(page)]
# Made from docstrings, whose examples `tests/test_examples.py` runs.
OF_DOCSTRINGS = "docs/reference/library.md"
# The changelog names flags of earlier versions, too.
SENTENCES = [page for page in PAGES if page.name != "CHANGELOG.md"]
SHELL_BLOCKS = [block for block in BLOCKS if block.language in SHELL]
WORKSPACES = ("networking-dev", "networking-eu-1", "networking-eu-7", "networking-prod")


def named(block: Block) -> str:
    """Return where a block stands."""
    return f"{block.page}:{block.line}"


def in_language(*languages: str) -> pytest.MarkDecorator:
    """Run a test with each block in a language that is not marked as one that is not run."""
    found = [block for block in BLOCKS if block.language in languages and block.is_run]
    chosen = [block for block in found if block.page != OF_DOCSTRINGS]
    return pytest.mark.parametrize("block", chosen, ids=named)


@pytest.fixture(scope="module")
def server() -> Iterator[testing.EmbeddedServer]:
    """Run a server with the workspaces that the pages name."""
    with testing.serve_in_thread(workspaces=WORKSPACES) as running:
        yield running


@pytest.fixture
def folder(server: testing.EmbeddedServer, tmp_path: Path) -> Path:
    """Return a directory with a configuration, and one more in `networking`."""
    for directory in (tmp_path, tmp_path / "networking"):
        server.write_configuration(directory, prefix="networking-")
    return tmp_path


def test_every_block_has_a_known_language() -> None:
    """A block in another language would be neither run nor read."""
    known = {*SHELL, *PROSE, "python", "hcl", "json", "yaml"}
    assert [named(block) for block in BLOCKS if block.language not in known] == []


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.remark], ids=named)
def test_a_block_that_is_not_run_says_why(block: Block) -> None:
    """The comment in front of it gives the reason, or names what runs it."""
    assert block.remark in ("demo", "tests") or block.remark.startswith("not run: ")


@pytest.mark.parametrize("block", SHELL_BLOCKS, ids=named)
def test_the_command_lines_of_a_block_are_ours(block: Block) -> None:
    """Commands and flags exist, and values are of the right kind, also where nothing is run."""
    problems = {" ".join(words): problem_with(words) for words in own_commands(block.typed)}
    assert {line: problem for line, problem in problems.items() if problem} == {}


@pytest.mark.parametrize(
    "page", SENTENCES, ids=lambda page: str(page.relative_to(REPOSITORY))
)
def test_sentences_name_flags_that_exist(page: Path) -> None:
    """A flag or a command between backticks is not gone or misspelled."""
    wrong = {span: flags for span in code_spans(read(page)) if (flags := flags_gone(span))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("span", "flags"),
    [
        ("remote-backend plan -selct=a", ["-selct"]),
        ("plan -all -selct", ["-selct"]),
        ("-selct='eu-*'", ["-selct"]),
        ("-select='eu-*'", []),
        ("--filter", []),
        ("terraform plan -generate-config-out=x", []),
    ],
)
def test_a_flag_that_is_gone_is_seen(span: str, flags: list[str]) -> None:
    """The test above would name it, with and without its command."""
    assert flags_gone(span) == flags


@pytest.mark.parametrize(
    "page_blocks",
    [
        list(found)
        for _, found in groupby(
            (block for block in SHELL_BLOCKS if block.is_run), key=lambda block: block.page
        )
    ],
    ids=lambda found: found[0].page,
)
def test_the_shell_blocks_of_a_page_run(
    page_blocks: list[Block], folder: Path, server: testing.EmbeddedServer
) -> None:
    """One after the other in one directory, and no command fails."""
    codes = folder.parent / f"{folder.name}-codes"
    programs = write_programs(folder.parent / f"{folder.name}-bin", codes)
    environ = {
        **os.environ,
        **server.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder.parent / f"{folder.name}-home"),
        "PYTHONPATH": str(REPOSITORY),
    }
    for block in page_blocks:
        codes.write_text("")
        done = subprocess.run(
            ["bash", "-c", block.typed],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        ended = codes.read_text().splitlines()
        assert len(ended) == len(list(own_commands(block.typed))), (
            named(block),
            done.stderr,
        )
        # 2: changes, with -detailed-exitcode.
        assert set(ended) <= {"0", "2"}, (named(block), done.stdout, done.stderr)


def write_programs(directory: Path, codes: Path) -> Path:
    """Write a program `remote-backend` that notes how each command ends."""
    directory.mkdir()
    program = directory / "remote-backend"
    program.write_text(
        f'#!/bin/sh\n"{sys.executable}" -m remote_backend "$@"\n'
        f'code=$?\necho $code >> "{codes}"\nexit $code\n'
    )
    program.chmod(0o755)
    return directory


@in_language("python")
def test_a_python_block_runs(
    block: Block,
    server: testing.EmbeddedServer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a directory with the configuration `networking`, and with host and token as variables."""
    if "import pytest" in block.text:
        # The test of `docs/library.md` is run by pytest in `tests/test_testing.py`.
        compile(block.text, named(block), "exec")
        return
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(server.cli_config_file))
    values = {
        "remote_backend": remote_backend,
        "hostname": server.hostname,
        "token": server.token,
    }
    code = compile(block.text, named(block), "exec", flags=PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = types.FunctionType(code, values)()
    if inspect.iscoroutine(result):
        asyncio.run(result)


@in_language("hcl", "json", "yaml")
def test_a_block_of_data_is_read(block: Block, tmp_path: Path) -> None:
    """It is valid in its language; a seed, a fault file and a backend block are that."""
    suffix = {"hcl": "tf"}.get(block.language, block.language)
    path = tmp_path / f"main.{suffix}"
    path.write_text(block.text)
    if block.language == "yaml":
        assert yaml.safe_load(block.text)
        return
    if block.language == "json":
        members = set(json.loads(block.text))
    else:
        body = parse_hcl(block.text.encode(), ("workspace", "terraform"))
        assert body.error_line is None
        members = {each.kind for each in body.blocks}
    if "workspace" in members:
        assert read_seed(path)
    if "rules" in members:
        assert read_faults(path).rules
    if "terraform" in members and ("backend " in block.text or "cloud " in block.text):
        assert read_backend(tmp_path, {}).organization


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("remote-backend plan -all", None),
        ("TF_WORKSPACE=dev remote-backend plan | head  # one", None),
        (".venv/bin/remote-backend plan -selct=a", "unknown flag -selct"),
        ("cd x && remote-backend paln", "unknown command paln"),
        ("docker run image remote-backend serve -lisen=a", "unknown flag -lisen"),
        ("remote-backend plan -parallelism=many", "'many' is not a valid integer"),
        ("remote-backend -chdir=net batches show a b", "Got unexpected extra argument"),
        ("pipx install remote-backend", None),
        ("cp remote-backend.txt x", None),
        ("cat <<< 'a\nb'; remote-backend paln", "unknown command paln"),
    ],
)
def test_a_wrong_command_line_is_seen(line: str, problem: str | None) -> None:
    """The tests above would report flags, commands and values that do not exist."""
    found = [problem_with(words) for words in own_commands(line)]
    if problem is None:
        assert not any(found)
    else:
        assert problem in (found[0] or "")


def test_blocks_are_found_with_their_remarks() -> None:
    """Blocks of lists count, and a remark belongs to the block right behind it."""
    page = REPOSITORY / "docs/reference/server-files.md"
    assert [block.language for block in blocks(page)][:2] == ["hcl", "json"]
    readme = {block.remark for block in blocks(REPOSITORY / "README.md")}
    assert {"demo", "tests"} <= readme
