"""The reference says what the code says."""

import ast
import re
from functools import cache

import pytest
from attrs import fields

import remote_backend
from remote_backend.server import seed
from remote_backend.server.fault_rules import FAULT_KINDS, FaultRule, FaultSettings
from tests.support.documents import anchors
from tests.support.paths import REPOSITORY
from tests.support.reference_docs import GENERATED
from tests.support.reference_docs.commands import all_commands, context_of, guide_of
from tests.support.reference_docs.library import library_page


@pytest.mark.parametrize("path", GENERATED)
def test_a_generated_page_is_current(path: str) -> None:
    """`python -m tests.support.reference_docs` writes the pages anew."""
    assert (REPOSITORY / path).read_text(encoding="utf-8") == GENERATED[path]()


def test_every_public_name_is_described() -> None:
    """Each name of the library has a section on its page."""
    names = {name.lower() for name in remote_backend.__all__} - {"__version__"}
    assert names <= set(anchors(library_page()))


_PREFIXES = (
    "REMOTE_BACKEND", "TF", "TFE", "TFC", "TERRAFORM", "ATLAS", "XDG", "SSL", "CI", "GITHUB", "GITLAB",
    "BUILD", "BUILDKITE", "CIRCLE", "CIRCLECI", "BITBUCKET", "JENKINS", "TEAMCITY", "SYSTEM", "FORCE",
    "CLICOLOR",
)  # fmt: skip
_VARIABLE = re.compile(rf"(?:{'|'.join(_PREFIXES)})(?:_[A-Z0-9]+)*_?")
# Made of parts in the code.
_JOINED = {
    "TF_CLOUD_HOSTNAME", "TF_CLOUD_ORGANIZATION", "TF_CLOUD_PROJECT", "REMOTE_BACKEND_READ_TIMEOUT",
    "REMOTE_BACKEND_UPLOAD_TIMEOUT", "REMOTE_BACKEND_RETRY_TIMEOUT",
    "REMOTE_BACKEND_RATE_LIMIT_TIMEOUT", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
}  # fmt: skip


@cache
def constants() -> frozenset[str]:
    """Return the texts in the code of the package, apart from the names that modules export."""
    modules = (REPOSITORY / "remote_backend").rglob("*.py")
    return frozenset(
        node.value
        for module in modules
        if "examples" not in module.parts
        for statement in ast.parse(module.read_text(encoding="utf-8")).body
        if not ast.unparse(statement).startswith("__all__")
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def documented_variables() -> set[str]:
    """Return the names on the page of the variables, without the part that people fill in."""
    page = (REPOSITORY / "docs/reference/environment.md").read_text(encoding="utf-8")
    names = re.findall(r"`([A-Z][A-Z0-9_]*)(?:<\w+>|\*)?(?:=\w+)?`", page)
    return set(names)


def test_every_variable_is_documented() -> None:
    """What the code reads stands on the page, and what the help of a command names."""
    read = {text for text in constants() if _VARIABLE.fullmatch(text)}
    helped = {
        name.partition("<")[0]
        for path in all_commands()
        for name in guide_of(context_of(*path)).environment
    }
    known = documented_variables()
    missing = {
        name
        for name in read | helped
        if name not in known and not any(other.startswith(name) for other in known)
    }
    # `TF_CLI_ARGS_plan` is one of `TF_CLI_ARGS_<command>`.
    assert {name for name in missing if not name.startswith("TF_CLI_ARGS_")} == set()


def test_every_documented_variable_is_read() -> None:
    """No variable on the page is one that the code has forgotten."""
    assert documented_variables() - constants() - _JOINED == set()


def test_every_exit_code_is_documented() -> None:
    """Codes that the help of a command names have a row on their page."""
    page = (REPOSITORY / "docs/reference/exit-codes.md").read_text(encoding="utf-8")
    codes = {
        code
        for path in all_commands()
        for code in re.findall(r"\b\d+\b", guide_of(context_of(*path)).exit_codes)
    }
    rows = re.findall(r"^\| ([\d, ]+) \|", page, re.MULTILINE)
    assert codes <= {code for row in rows for code in row.split(", ")}


def members(heading: str) -> set[str]:
    """Return the names in the first column of the table below a heading of the server's files."""
    page = (REPOSITORY / "docs/reference/server-files.md").read_text(encoding="utf-8")
    section = re.search(rf"^#+ {heading}\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    assert section is not None
    rows = re.findall(r"^\| (`.*?) \|", section[1], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize(
    ("heading", "known"),
    [
        ("workspace", seed._WORKSPACE_KEYS),
        ("variable", seed._VARIABLE_KEYS),
        ("simulated", seed._SIMULATED_KEYS),
        ("policy", seed._POLICY_KEYS),
        ("cost", seed._COST_KEYS),
        ("The fault file", {field.name for field in fields(FaultSettings)}),
        ("A rule", {*(field.name for field in fields(FaultRule)), *FAULT_KINDS}),
    ],
)
def test_every_member_of_the_files_of_a_server_is_documented(
    heading: str, known: set[str]
) -> None:
    """A seed and a fault file may hold what their page names, and nothing else."""
    assert members(heading) == known
