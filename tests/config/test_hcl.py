"""HCL is read as far as it can be read, and literals are told from the rest."""

from decimal import Decimal

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
    ],
)
def test_a_literal_has_its_value(source: bytes, value: object) -> None:
    """Strings, heredocs, numbers, lists and objects of literals are read as values."""
    body = parse_hcl(b"a = " + source + b"\nb = 1\n")

    assert body.error_line is None
    assert [one.name for one in body.attributes] == ["a", "b"]
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
        b"1 + 2",
        b"!true",
        b'-"x"',
        b"[var.x]",
        b"{ a = x }",
        b"{ (a) = 1 }",
        b"{ a.b = 1 }",
        b"{ null = 1 }",
        b"[for x in [1] : x]",
        b"true ? 1 : 2",
        b'"\\q"',
        b'"\\uD800"',
        b"1e99999999999999999999",
    ],
)
def test_more_than_a_literal_is_told_with_its_text(source: bytes) -> None:
    """What needs variables, functions, operators or is malformed is no literal."""
    body = parse_hcl(b"a = " + source + b"\n")

    assert body.attributes[0].literal is None
    assert body.attributes[0].source.strip() == source.decode()


def test_lists_nested_deeper_than_pythons_stack_are_read() -> None:
    """Four thousand nested lists are a literal."""
    body = parse_hcl(b"a = " + b"[" * 4000 + b"]" * 4000 + b"\n")

    assert body.attributes[0].literal is not None


def test_wanted_blocks_have_labels_lines_and_inner_blocks() -> None:
    """Only blocks of the wanted types are read, with all that is in them."""
    source = (
        b'\xef\xbb\xbfresource "a" "b" {}\nterraform {\n  backend remote {\n x = 1\n }\n}\n'
    )
    body = parse_hcl(source, ("terraform",))

    assert [block.kind for block in body.blocks] == ["terraform"]
    (backend,) = body.blocks[0].blocks_of("backend")
    assert (backend.labels, backend.line) == (("remote",), 3)
    assert (backend.attributes[0].name, backend.attributes[0].line) == ("x", 4)
    assert body.has_blocks
    assert not parse_hcl(b"a = 1\n").has_blocks


def test_both_of_two_equal_attributes_are_seen() -> None:
    """Duplicates are left to the reader, who knows whether they matter."""
    assert [one.line for one in parse_hcl(b"a = 1\na = 2\n").attributes] == [1, 2]


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
    """The names of nodes are the contract with the grammar."""
    grammar = Language(tree_sitter_hcl.language())
    names = (
        "attribute block body collection_value comment expression heredoc_template identifier "
        "literal_value null_lit bool_lit numeric_lit object object_elem object_end object_start "
        "operation string_lit template_directive template_expr template_interpolation tuple "
        "tuple_end tuple_start unary_operation variable_expr"
    )

    assert [
        one for one in names.split() if grammar.id_for_node_kind(one, True) is None
    ] == []
