"""What a change truly touches is always selected: generated repositories against a plain model."""

import tempfile
from pathlib import Path

import anyio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from remote_backend.models.workspace import Workspace
from remote_backend.selecting.changed import select_changed
from remote_backend.workspaces import LocalWorkspace
from tests.support.repositories import new_repository

MODULES = tuple(f"modules/m{number}" for number in range(4))
STACKS = tuple(f"stacks/s{number}" for number in range(3))
SHARED = ("shared/a.txt", "shared/deep/b.txt", "data.txt")

Tree = dict[str, tuple[frozenset[str], frozenset[str], str]]
"""For each directory: the modules that it calls, the files that it reads, and a text."""


def trees() -> st.SearchStrategy[Tree]:
    """Give what the modules and stacks of a repository are made of; some are missing."""
    directory = st.tuples(
        st.frozensets(st.sampled_from(MODULES), max_size=2),
        st.frozensets(st.sampled_from(SHARED), max_size=2),
        st.sampled_from(["x", "y"]),
    )
    return st.dictionaries(st.sampled_from((*MODULES, *STACKS)), directory, min_size=3)


def files_of(tree: Tree, contents: dict[str, str], form: str) -> dict[str, str]:
    """Return the files of a repository; calls and reads in one of the forms of HCL."""
    files = dict(contents)
    for directory, (calls, reads, text) in tree.items():
        files[f"{directory}/text.txt"] = text
        if form == "json":
            modules = ", ".join(
                f'"{n}": {{"source": "../../{c}"}}' for n, c in names(calls)
            )
            values = ", ".join(
                f'"{n}": "${{file(\\"${{path.module}}/../../{r}\\")}}"'
                for n, r in names(reads)
            )
            files[f"{directory}/main.tf.json"] = (
                f'{{"module": {{{modules}}}, "locals": {{{values}}}}}'
            )
            continue
        lines = [f'module "{n}" {{\n  source = "../../{c}"\n}}\n' for n, c in names(calls)]
        lines += [
            f'locals {{\n  {n} = file("${{path.module}}/../../{r}")\n}}\n'
            for n, r in names(reads)
        ]
        files[f"{directory}/main.{form}"] = "".join(lines)
    return files


def names(items: frozenset[str]) -> list[tuple[str, str]]:
    """Number items for names in a configuration."""
    return [(f"n{number}", item) for number, item in enumerate(sorted(items))]


def made_of(tree: Tree, files: dict[str, str], stack: str) -> dict[str, str]:
    """Return all files that the plan of a stack can see, found without reading any HCL."""
    reached, waiting = {stack}, [stack]
    found: dict[str, str] = {}
    while waiting:
        directory = waiting.pop()
        calls, reads, _ = tree.get(directory, (frozenset(), frozenset(), ""))
        found |= {name: files[name] for name in reads if name in files}
        found |= {
            name: text for name, text in files.items() if name.startswith(f"{directory}/")
        }
        waiting += calls - reached
        reached |= calls
    return found


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    before=trees(),
    after=trees(),
    kind=st.sampled_from(["all", "one", "contents"]),
    contents=st.tuples(
        *[st.fixed_dictionaries({n: st.sampled_from("12") for n in SHARED})] * 2
    ),
    form=st.sampled_from(["tf", "tofu", "json"]),
    is_committed=st.booleans(),
)
def test_what_is_touched_is_selected(
    before: Tree,
    after: Tree,
    kind: str,
    contents: tuple[dict[str, str], dict[str, str]],
    form: str,
    is_committed: bool,
) -> None:
    """A stack one of whose files differs, in base or head, is selected or named as deleted."""
    # Two unrelated trees touch everything, so most changes are smaller.
    if kind != "all":
        after = {**before, **(dict(list(after.items())[:1]) if kind == "one" else {})}
    base, head = (
        files_of(tree, content, form)
        for tree, content in zip((before, after), contents, strict=True)
    )
    with tempfile.TemporaryDirectory() as folder:
        repository = new_repository(Path(folder) / "work", base)
        commit = repository.git("rev-parse", "HEAD")
        for name in base:
            (repository.path / name).unlink()
        repository.write(head)
        if is_committed:
            repository.commit()
        workspaces = [
            LocalWorkspace(stack, Workspace(id=stack, name=stack, working_directory=stack))
            for stack in STACKS
        ]
        selection = anyio.run(
            select_changed,
            workspaces,
            workspaces,
            repository.path,
            commit,
            repository.environ,
        )

    truth = {
        stack
        for stack in STACKS
        if made_of(before, base, stack) != made_of(after, head, stack)
    }
    assert truth <= set(selection.reasons) | set(selection.deleted)
    if base == head:
        assert selection.reasons == {}
    assert set(selection.deleted) == {
        stack for stack in STACKS if stack in before and stack not in after
    }
