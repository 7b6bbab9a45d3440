"""Expressions in variable files mean what they mean to real Terraform."""

import json
from pathlib import Path

import anyio
import pytest

from remote_backend.config.variables import VariableSource, run_variables
from tests.support.terraform_clients import TERRAFORM_1_15, system_environ

EXPRESSIONS = (
    "50 * 1024",
    "1 + 2 * 3 - -4 % 3",
    "100 / 10 / 4",
    "-7 % 3",
    "7.5 % 2",
    "0.1 + 0.2 == 0.3",
    '"5" + 1',
    '1 == "1"',
    "1 == null",
    '!"true" || 2 >= "2" && "1"',
    "1 < 2 == true",
    'true ? 1 : "a"',
    'false ? "a" : (true ? 1.50 : "c")',
    '"a${"b"}-${2 * 0.5}-${true}-${1e3}$${x}%%{y}\\u00e9"',
    '"${1.50}"',
    '[1, [2, "x"]]["1"][0]',
    '{ a = { "b" = [3] } }.a["b"].0',
    '{ ("a${1}") = 1, true = 2, 1.50 = 3, c = null }',
    "[\n1\n+ 2,\n]",
    "<<-EOT\n    a $${b}\n\n      c\\n\n    EOT",
    "100000000000000000000000 * 10.5",
)
TEXTS = {
    "number": ("+5", ".5", "5.", "1e3", "-.5e-3"),
    "bool": ("true", "false", "1", "0"),
    "string": ("null", "1", "", '"x"'),
}


async def outputs_of(directory: Path, *options: str) -> dict[str, object]:
    """Plan with real Terraform and return the outputs."""
    environ = {**system_environ(), "HOME": str(directory), "CHECKPOINT_DISABLE": "1"}
    for command in (
        ["plan", "-input=false", "-out=saved", *options],
        ["show", "-json", "saved"],
    ):
        done = await anyio.run_process(
            [*TERRAFORM_1_15, *command], cwd=directory, env=environ, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    planned = json.loads(done.stdout)["planned_values"]["outputs"]
    return {name: json.loads(one["value"]) for name, one in planned.items()}


def declaration(name: str, kind: str) -> str:
    """Return a variable and an output that shows what became of it."""
    return (
        f'variable "{name}" {{\n  type = {kind}\n}}\n'
        f'output "{name}" {{\n  value = jsonencode(var.{name})\n}}\n'
    )


async def test_what_we_send_means_what_the_file_or_the_option_means(tmp_path: Path) -> None:
    """Terraform gets the same values from its own reading and from ours (N14, N17)."""
    names = [f"e{number}" for number in range(len(EXPRESSIONS))]
    texts = {
        f"{kind}{number}": (kind, text)
        for kind, all_texts in TEXTS.items()
        for number, text in enumerate(all_texts)
    }
    (tmp_path / "main.tf").write_text(
        "".join(declaration(name, "any") for name in names)
        + "".join(declaration(name, kind) for name, (kind, _) in texts.items())
    )
    (tmp_path / "theirs.tfvars").write_text(
        "".join(f"{name} = {text}\n" for name, text in zip(names, EXPRESSIONS, strict=True))
    )
    options = [f"{name}={text}" for name, (_, text) in texts.items()]

    ours = run_variables(
        [
            VariableSource("var_file", "theirs.tfvars", label="-var-file"),
            *(VariableSource("var", option, label="-var") for option in options),
        ],
        tmp_path,
    )
    (tmp_path / "ours.tfvars").write_text(
        "".join(f"{name} = {text}\n" for name, text in ours)
    )

    theirs = await outputs_of(
        tmp_path, "-var-file=theirs.tfvars", *(f"-var={one}" for one in options)
    )
    assert await outputs_of(tmp_path, "-var-file=ours.tfvars") == theirs


@pytest.mark.parametrize("text", ["x = 1 y = 2\n", "x =\n1\n", "x = -\n1\n", '{"x": 1}\n'])
async def test_what_terraform_refuses_is_refused(text: str, tmp_path: Path) -> None:
    """A file that Terraform does not read gives no values (N15, kind H)."""
    (tmp_path / "main.tf").write_text(declaration("x", "any"))
    (tmp_path / "x.tfvars").write_text(text)

    with pytest.raises(AssertionError, match="Error"):
        await outputs_of(tmp_path, "-var-file=x.tfvars")
    with pytest.raises(Exception, match="x.tfvars:1"):
        run_variables([VariableSource("var_file", "x.tfvars", label="-var-file")], tmp_path)
