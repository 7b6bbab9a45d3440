"""Variables of the command line become expressions, and their values are never shown."""

import json
from pathlib import Path

import pytest

from remote_backend.config.hcl import parse_hcl
from remote_backend.config.variables import VariableSource, run_variables
from remote_backend.errors import RunOptionsError

DECLARATIONS = """
variable "text" { type = string }
variable "legacy" { type = "string" }
variable "bare" {}
variable "number" { type = number }
variable "bool" { type = bool }
variable "list" {
  type    = list(string)
  default = []
}
variable "any" { type = any }
"""


def var(*texts: str) -> list[VariableSource]:
    """Return `-var` options."""
    return [VariableSource("var", text, label="-var") for text in texts]


def var_file(*texts: str) -> list[VariableSource]:
    """Return `-var-file` options."""
    return [VariableSource("var_file", text, label="-var-file") for text in texts]


def refusal(sources: list[VariableSource], directory: Path) -> str:
    """Return the text of the error, which never shows a value."""
    with pytest.raises(RunOptionsError) as caught:
        run_variables(sources, directory)
    assert "sekret" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["text", "legacy", "bare", "unknown"])
@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("a", '"a"'),
        ("", '""'),
        ("[1]", '"[1]"'),
        ("a=b", '"a=b"'),
        ('q"\\\n${x}%{y}', '"q\\"\\\\\\n$${x}%%{y}"'),
    ],
)
def test_texts_are_quoted(tmp_path: Path, name: str, text: str, expression: str) -> None:
    """A string, a variable without a type and an unknown one take the text as it is."""
    (tmp_path / "main.tf").write_text(DECLARATIONS)

    assert run_variables(var(f"{name}={text}"), tmp_path) == ((name, expression),)


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("number=12", "12"),
        ("number=1e3", "1000"),
        ("number=+5", "5"),
        ("number=.5", "0.5"),
        ("number=5.", "5"),
        ("number=-.5e-3", "-0.0005"),
        ("bool=true", "true"),
        ("bool=1", "true"),
        ("bool=0", "false"),
        ('list=["a", "b"]', '["a", "b"]'),
        ("list=[\n1, # one\n]", "[1]"),
        ("any= { a = 1 } # c", '{"a" = 1}'),
        ('any="x"', '"x"'),
        ("any=<<EOT\nx\nEOT", '"x\\n"'),
        ("any=null", "null"),
        ("any=50 * 1024", "51200"),
    ],
)
def test_other_types_are_converted_or_computed(
    tmp_path: Path, text: str, expression: str
) -> None:
    """Numbers and bools are texts that are converted, other types expressions (N14, N17)."""
    (tmp_path / "main.tf").write_text(DECLARATIONS)

    assert run_variables(var(text), tmp_path) == ((text.split("=")[0], expression),)


@pytest.mark.parametrize("name", ["number", "bool"])
@pytest.mark.parametrize(
    "value",
    ["", "sekret", '"sekret"', " 1", "null", "True", "0x10", "1_0", "\u0663", "nan"],
)
def test_a_text_that_is_not_of_the_type_is_refused(
    tmp_path: Path, name: str, value: str
) -> None:
    """What Terraform cannot convert is told before a run is made."""
    (tmp_path / "main.tf").write_text(DECLARATIONS)

    text = refusal(var(f"{name}={value}"), tmp_path)

    assert text.startswith(
        f"-var {name}=...: the configuration declares {name} as a {name}"
    )


@pytest.mark.parametrize(
    "value",
    [
        "sekret",
        "[sekret]",
        "",
        "[",
        '"sekret',
        "1\nb = 2",
        "1\nb {}",
        "1 2",
        'f("sekret")',
        "}",
    ],
)
def test_what_is_no_literal_is_refused(tmp_path: Path, value: str) -> None:
    """References, functions, more than one expression and broken text are no values."""
    (tmp_path / "main.tf").write_text(DECLARATIONS)

    assert refusal(var(f"list={value}"), tmp_path).startswith("-var list=...: ")


def test_types_are_read_from_json_and_overrides(tmp_path: Path) -> None:
    """An override changes the type only if it names one."""
    declared = {
        "variable": {"a": {"type": "list(string)"}, "b": {"type": "string"}, "c": [{}]}
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(declared))
    (tmp_path / "override.tf").write_text(
        'variable "a" { default = [] }\nvariable "b" { type = any }\n'
    )

    found = run_variables(var("a=[1]", "b=[2]", "c=[3]"), tmp_path)

    assert found == (("a", "[1]"), ("b", "[2]"), ("c", '"[3]"'))


@pytest.mark.parametrize(
    "text", ["sekret", "", "=sekret", "a b=sekret", "1=sekret", "a =sekret"]
)
def test_malformed_options_are_told(tmp_path: Path, text: str) -> None:
    """A name and an equals sign are needed; a forgotten name does not show the value."""
    assert refusal(var(text), tmp_path).startswith("-var")


def test_later_values_win_in_the_first_place(tmp_path: Path) -> None:
    """Options and files count in the order of the command line."""
    (tmp_path / "x.tfvars").write_text("b = 2\na = 3\n")
    sources = [*var("a=1"), *var_file("x.tfvars"), *var("b=4", "c=5")]

    assert run_variables(sources, tmp_path) == (("a", "3"), ("b", '"4"'), ("c", '"5"'))


def test_a_file_gives_its_values(tmp_path: Path) -> None:
    """Values are written anew on one line, without comments, as Terraform sends them."""
    (tmp_path / "x.tfvars").write_bytes(
        b'\xef\xbb\xbfa = "x$${y}" # c\nb = [\n  1e3,\n]\nc = <<-EOT\n  x\n  EOT\nd = null\n'
        b"e = 50 * 1024\n"
    )

    found = run_variables(var_file("x.tfvars"), tmp_path)

    assert found == (
        ("a", '"x$${y}"'),
        ("b", "[1000]"),
        ("c", '"x\\n"'),
        ("d", "null"),
        ("e", "51200"),
    )


def test_files_can_be_absolute(tmp_path: Path) -> None:
    """Only relative names start at the directory."""
    (tmp_path / "x.tfvars").write_text("a = 1\n")

    assert run_variables(var_file(str(tmp_path / "x.tfvars")), tmp_path / "no") == (
        ("a", "1"),
    )


def test_json_files_are_written_as_hcl(tmp_path: Path) -> None:
    """Everything JSON can say is an expression; texts are no templates there."""
    values = '\ufeff{"//": "c", "a": "${x}\\n", "b": 12345678901234567890.5, "c": true, "d": null,'
    values += ' "e": [1, "x", []], "f": {"k k": {"%{": 1e2}}}'
    (tmp_path / "x.tfvars.json").write_text(values, encoding="utf-8")

    found = run_variables(var_file("x.tfvars.json"), tmp_path)

    assert found == (
        ("a", '"$${x}\\n"'),
        ("b", "12345678901234567890.5"),
        ("c", "true"),
        ("d", "null"),
        ("e", '[1, "x", []]'),
        ("f", '{"k k" = {"%%{" = 100}}'),
    )
    assert all(parse_hcl(f"a = {text}\n".encode()).error_line is None for _, text in found)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        (
            "x.tfvars",
            'a = 1\nb = var.sekret\nc = "sekret"\n',
            "x.tfvars:2: b is not a constant",
        ),
        (
            "x.tfvars",
            'a = "sekret"\na = "sekret"\n',
            "x.tfvars:2: a is already set in line 1",
        ),
        ("x.tfvars", 'a = "sekret" "sekret"\n', "x.tfvars:1: near this line"),
        ("x.tfvars", 'a {\n b = "sekret"\n}\n', "x.tfvars: it holds blocks"),
        ("x.tfvars", '{"a": "sekret"}', "x.tfvars:1: it holds JSON"),
        (
            "x.tfvars",
            "a = " + "[" * 5000 + "]" * 5000,
            "x.tfvars:1: a: the value is nested",
        ),
        ("x.tfvars", 'a = "sekret" b = 1\n', "x.tfvars:1: near this line"),
        ("x.json", '{\n"a": "sekret" x}', "x.json:2: it is not a JSON object"),
        ("x.json", '["sekret"]', "x.json:1: it is not a JSON object"),
        ("x.json", '{"a": NaN}', "x.json: it is not a JSON object"),
        ("x.json", '{"a b": "sekret"}', "x.json: 'a b' is not a name"),
        ("x.json", '{"a": ' + "[" * 100_000, "x.json: it is not a JSON object"),
    ],
)
def test_faults_of_files_have_their_place(
    tmp_path: Path, name: str, content: str, problem: str
) -> None:
    """File and line are told, values are not."""
    (tmp_path / name).write_text(content)

    assert refusal(var_file(name), tmp_path).startswith(f"-var-file {problem}")


def test_a_missing_file_is_told_with_its_full_path(tmp_path: Path) -> None:
    """The path shows what the name is relative to."""
    text = refusal(var_file("no.tfvars"), tmp_path)

    assert text.startswith("-var-file no.tfvars: ")
    assert str(tmp_path / "no.tfvars") in text


def test_without_options_no_file_is_read(tmp_path: Path) -> None:
    """A directory that does not exist does not matter then."""
    assert run_variables([], tmp_path / "no") == ()


def test_values_stay_out_of_reprs() -> None:
    """An option can be logged."""
    assert "sekret" not in repr(var("a=sekret"))
