"""HCL is read as far as it can be read, and literals are told from the rest."""

import subprocess
import sys
from decimal import Decimal
from itertools import count

import pytest
import tree_sitter_hcl
from tree_sitter import Language

from remote_backend.config.hcl import has_lone_returns, parse_each_opening, parse_hcl

BACKEND = b'terraform {\n  backend "remote" {\n    organization = "acme"\n  }\n}\n'


@pytest.mark.parametrize(
    ("source", "value"),
    [
        (b'"x"', "x"),
        (b'""', ""),
        (b'"a\\n\\t\\"\\\\ \\u00e9\\U0001F600"', 'a\n\t"\\ é😀'),
        (b'"$${x} %%{y} $5 100%"', "${x} %{y} $5 100%"),
        ('"é"'.encode(), "é"),
        (b'"1e3"', "1e3"),
        (b'"a\x00b"', "a\x00b"),
        (b"12", Decimal(12)),
        (b"-2.5", Decimal("-2.5")),
        (b"1e3", Decimal(1000)),
        (b"1E+3", Decimal(1000)),
        (b"-1.5E-3", Decimal("-0.0015")),
        (b"[1e3, 2]", (Decimal(1000), Decimal(2))),
        (b"true", True),
        (b"null", None),
        (b'("x")', "x"),
        (b"/* c */ 1", Decimal(1)),
        (b"[1, # one\n 2,\n]", (Decimal(1), Decimal(2))),
        (b'{ a = "x", "b" : [], 3 = {} }', {"a": "x", "b": (), "3": {}}),
        (b"<<EOT\n a\\n $${b}\n\nEOT", " a\\n ${b}\n\n"),
        (b"<<EOT\nEOT", ""),
        (b"<<-EOT\n    a\n\n      b\n    EOT", "a\n\n  b\n"),
        (b"<<-EOT\n\n    x\n  \n      \n\t\n    y\n    EOT", "\nx\n  \n      \n\t\ny\n"),
        (b"<<-EOT\n\t\ta\n\tEOT  ", "a\n"),
        (b"<<EOT\na\r\nEOT\r", "a\r\n"),
        (b'<<E\n"unclosed EOT\nFAKE_E_HERE\nE \t', '"unclosed EOT\nFAKE_E_HERE\n'),
        (b"[ /* first */ 1, 2 /* last\nof all */ ]", (Decimal(1), Decimal(2))),
        ('{ é = 1, "ü" = 2 }'.encode(), {"é": Decimal(1), "ü": Decimal(2)}),
        (b"{\n  # nothing\n}", {}),
        (b"{\n  in = 1\n  for_each = 2\n}", {"in": Decimal(1), "for_each": Decimal(2)}),
    ],
)
def test_a_literal_has_its_value(source: bytes, value: object) -> None:
    """Strings, heredocs, numbers, lists and objects are read as values (P121, P122, P123)."""
    body = parse_hcl(b"a = " + source + b"\nb = 1\n")

    assert body.error_line is None
    assert [attribute.name for attribute in body.attributes] == ["a", "b"]
    literal = body.attributes[0].literal
    assert literal is not None
    assert literal.value == value


@pytest.mark.parametrize(
    "source",
    [
        b"var.x",
        b"x",
        b'"a${var.x}"',
        b'"%{ if true }a%{ endif }"',
        b"<<EOT\n${x}\nEOT",
        b'file("x")',
        b'-"x"',
        b"[var.x]",
        b"{ a = x }",
        b"{ (a) = 1 }",
        b"{ a.b = 1 }",
        b"{ null = 1 }",
        b"[for x in [1] : x]",
        b'"\\q"',
        b'"\\uD800"',
        b"1e99999999999999999999",
    ],
)
def test_more_than_a_literal_is_told_with_its_text(source: bytes) -> None:
    """What needs variables or functions or is malformed keeps its text alone (P125)."""
    body = parse_hcl(b"a = " + source + b"\n")

    assert body.attributes[0].literal is None
    assert body.attributes[0].source.strip() == source.decode()


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("50 * 1024", Decimal(51200)),
        ("1 + 2 * 3 - -4 % 3", Decimal(8)),
        ("(1 + 2) * 3 / 4", Decimal("2.25")),
        ("0.1 + 0.2 == 0.3", True),
        ('"5" + 1', Decimal(6)),
        ('1 == "1"', False),
        ("null == null", True),
        ('!"true" || 2 >= "2" && true', True),
        ('true ? 1 : "a"', "1"),
        ('false ? "a" : (true ? "b" : "c")', "b"),
        ("true ? null : [1]", None),
        ('"a${"b"}-${2 * 0.5}-${true}$${x}"', "ab-1-true${x}"),
        ('"${5}"', Decimal(5)),
        ('[1, [2]]["1"][0]', Decimal(2)),
        ('{ a = { "b" = [3] } }.a["b"].0', Decimal(3)),
        ('{ ("a${1}") = 1, true = 2, 1.50 = 3 }', {"a1": 1, "true": 2, "1.5": 3}),
        ("(1\n+ 2)", Decimal(3)),
        ("[\n1\n+ 2,\n]", (Decimal(3),)),
    ],
)
def test_constant_expressions_are_computed(source: str, value: object) -> None:
    """Operators, conditionals, indexes and templates give what they give in Terraform (N17)."""
    body = parse_hcl(f"a = {source}\nb = 1\n".encode())

    assert body.error_line is None
    literal = body.attributes[0].literal
    assert literal is not None
    assert literal.value == value


@pytest.mark.parametrize(
    "source",
    [
        "1 / 3",
        "1 / 0",
        '"a" + 1',
        '"a" < "b"',
        "1 && true",
        "true ? 1 : true",
        "true ? [1] : []",
        "[1] == [1]",
        '"a${null}"',
        '"a${[1]}"',
        '"${~ 1 ~}"',
        '"%{ if true }x%{ endif }"',
        "[1][1]",
        "[1][0.5]",
        "{ a = 1 }.b",
        "[1][*]",
        "1e999999 + 1",
        '"x${1e999}"',
        'true ? "true" : false ? "b" : "c"',
        "<<EOT x\nEOT\n",
        '"a\nb"',
        "-\n1",
        "{ a = 1 b = 2 }",
        "{ a =\n1 }",
        '{ "a" = 1\n, "b" = 2 }',
    ],
)
def test_what_terraform_computes_otherwise_or_refuses_has_no_value(source: str) -> None:
    """No value at all is better than another one than Terraform's (N17, kind H)."""
    assert parse_hcl(f"a = {source}\n".encode()).attributes[0].literal is None


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"a = 1 b = 2\n", 1),
        (b"x = 1\na\n= 1\n", 2),
        (b"a =\n1\n", 1),
        (b"terraform {\n  a = 1 b = 2\n}\n", 2),
        (b'# c\n{"a": 1}\n', 2),
        (b'{"a": 1}', 1),
    ],
)
def test_what_hcl_refuses_and_the_grammar_takes_is_a_fault(
    source: bytes, line: int
) -> None:
    """Lines that hold two things, or half of one, and JSON are no HCL (N15, kind H)."""
    assert parse_hcl(source, ("terraform",)).error_line == line


def test_a_text_that_takes_too_long_is_a_fault() -> None:
    """The parser is stopped when its time is over, and the fault is about where it was."""
    ticks = count(step=0.01)
    source = b"x = [1, 2]\n" * 2000

    body = parse_hcl(source, clock=lambda: next(ticks))

    assert body.attributes == ()
    assert body.error_line is not None
    assert 100 < body.error_line < 2000


def test_a_second_try_reads_each_part_once() -> None:
    """A file of openings without ends is read part by part, not to its end each time (L4)."""
    parsed = []
    source = b"terraform {\n  a = = 1\n" * 4000

    def clock() -> float:
        parsed.append(1)
        return 0.0

    assert list(parse_each_opening(source, "terraform", clock=clock)) == []
    # The parser looks at the clock once in about a hundred steps.
    assert len(parsed) < 4 * len(source) / 100 + 4000


SLOW_INPUTS = """
from remote_backend.config.hcl import parse_each_opening, parse_hcl
for start, text in (
    (b"", b"a = "), (b"", b'"a" '), (b"", b'"'), (b"", b"-"), (b"a = ", b'"\\n'), (b"a = ", b" "),
    (b"a = ", b"["), (b"a = ", b"{a="), (b"", b"terraform {\\n"), (b"", b"terraform {\\n a = = "),
):
    source = start + text * (100_000 // len(text))
    parse_hcl(source, ("terraform",))
    list(parse_each_opening(source, "terraform"))
"""


def test_no_text_takes_long() -> None:
    """Ten texts of 100 kB, for which the parser takes minutes by itself, end soon (L4)."""
    subprocess.run([sys.executable, "-c", SLOW_INPUTS], check=True, timeout=60)


@pytest.mark.parametrize(
    "expression",
    [
        '"%{~ if var.a == "x" ~}yes%{~ else ~}no%{~ endif ~}"',
        '"${lookup(var.m, "k", "${var.d}")}"',
        'var.a ? "1" : var.b ? "2" : "3"',
        "(var.a\n    ? 1\n    : 2)",
        "[for k, v in var.m : upper(k) if v != null]",
        "{ for k, v in var.m : k => v... }",
        'merge(var.a, { "b" = { c = 1 } }...)',
        "aws_x.y[*].id[0]",
        'upper("x")',
        "-var.x + !var.y",
        "<<-EOT\n  %{ for x in var.l ~}\n  ${x}\n  %{ endfor ~}\n  EOT",
    ],
)
def test_expressions_of_real_life_are_no_faults(expression: str) -> None:
    """Nothing of them is needed, and the block behind them is read (P125, P127)."""
    source = f"locals {{\n  in = {expression}\n}}\n"
    inner = parse_hcl(source.encode(), ("locals",))
    whole = parse_hcl(source.encode() + BACKEND, ("terraform",))

    assert inner.error_line is None and whole.error_line is None
    (attribute,) = inner.blocks[0].attributes
    assert (attribute.name, attribute.literal) == ("in", None)
    assert [block.kind for block in whole.blocks] == ["terraform"]


def test_lists_nested_deeper_than_pythons_stack_are_read() -> None:
    """Four thousand nested lists are a literal (P129)."""
    body = parse_hcl(b"a = " + b"[" * 4000 + b"]" * 4000 + b"\n")

    assert body.attributes[0].literal is not None


def test_wanted_blocks_have_labels_lines_and_inner_blocks() -> None:
    """Only blocks of the wanted types are read, with all that is in them and no more (P124)."""
    source = b'\xef\xbb\xbfresource "a" "b" {}\nterraform {# c\n  backend remote {\n x = 1 // c\n }\n}\n'
    body = parse_hcl(source, ("terraform",))

    assert [block.kind for block in body.blocks] == ["terraform"]
    (backend,) = body.blocks[0].blocks_of("backend")
    assert (backend.labels, backend.line) == (("remote",), 3)
    assert [(attribute.name, attribute.line) for attribute in backend.attributes] == [
        ("x", 4)
    ]
    assert body.has_blocks
    assert not parse_hcl(b"a = 1\n").has_blocks


def test_both_of_two_equal_attributes_are_seen() -> None:
    """Duplicates are left to the reader, who knows whether they matter (P126)."""
    assert [attribute.line for attribute in parse_hcl(b"a = 1\na = 2\n").attributes] == [
        1,
        2,
    ]


@pytest.mark.parametrize(
    "source",
    [b"", b"\xef\xbb\xbf", b"# c\n", b"/* a\n */", b"a = 1", b"a = 1\r\nb = 2\r\n"],
)
def test_harmless_files_have_no_error(source: bytes) -> None:
    """Empty files, comments, missing and foreign line ends are no faults."""
    assert parse_hcl(source).error_line is None


@pytest.mark.parametrize(
    "before",
    [
        b'resource "a" "b" {\n  a = = 1\n}\n',
        b'locals {\n  a = "unclosed\n}\n',
        b"<<<<<<< HEAD\n=======\n>>>>>>> x\n",
        b"locals {\n  a = 1; b = 2\n}\n",
        b"locals {\n  a = {\n}\n",
        b"b 2\n",
    ],
)
def test_a_block_behind_a_fault_is_found_at_its_opening(before: bytes) -> None:
    """The second try finds the block with its true line and no fault inside."""
    source = b"\xef\xbb\xbf" + before + BACKEND
    lines = before.count(b"\n")

    assert parse_hcl(source, ("terraform",)).error_line is not None
    (block,) = parse_each_opening(source, "terraform")
    assert block.line == lines + 1
    assert block.blocks[0].attributes[0].line == lines + 3


def test_a_block_with_a_fault_inside_is_not_found_again() -> None:
    """The second try gives only blocks that can be read in full."""
    source = b'x y z\nterraform {\n  backend "remote" {\n    a = = 1\n  }\n}\n'

    assert list(parse_each_opening(source, "terraform")) == []


def test_a_fault_inside_a_block_is_known_there() -> None:
    """The block, not only the file, tells about where its fault is."""
    source = b'terraform {\n  backend "remote" {\n    a = "x" "y"\n  }\n}\n'
    body = parse_hcl(source, ("terraform",))

    assert body.blocks[0].blocks[0].error_line == 3


def test_lone_returns_are_noticed() -> None:
    """Only a carriage return without a line feed counts."""
    assert has_lone_returns(b"a = 1\rb = 2\n")
    assert not has_lone_returns(b"a = 1\r\nb = 2\r\n")


def test_values_stay_out_of_reprs() -> None:
    """An attribute may be a token, so neither text nor value is in its repr."""
    assert "sekret" not in repr(parse_hcl(b'token = "sekret"\n'))


def test_the_grammar_has_the_node_names_that_are_used() -> None:
    """The names of nodes are the contract with the grammar, whose releases have a limit (P132)."""
    grammar = Language(tree_sitter_hcl.language())
    names = (
        "attribute binary_operation block body collection_value comment conditional expression "
        "get_attr heredoc_template identifier index legacy_index new_index quoted_template "
        "quoted_template_end quoted_template_start template_interpolation_end "
        "template_interpolation_start template_literal "
        "literal_value null_lit bool_lit numeric_lit object object_elem object_end object_start "
        "operation string_lit template_directive template_expr template_interpolation tuple "
        "tuple_end tuple_start unary_operation variable_expr"
    )

    assert [
        one for one in names.split() if grammar.id_for_node_kind(one, True) is None
    ] == []
