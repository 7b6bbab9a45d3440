"""Case numbers lead to a page: docs/field-cases.md has a row for each that is cited."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.support.paths import REPOSITORY

NUMBER = re.compile(r"\b[AFHLMNPSW]\d{1,3}\b")
PAGE = (REPOSITORY / "docs" / "field-cases.md").read_text(encoding="utf-8")


def texts_of(source: str) -> Iterator[str]:
    """Yield the docstrings and comments of a module; other strings are data."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ):
            yield ast.get_docstring(node) or ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and "noqa" not in token.string:
            yield token.string


def cited_numbers() -> set[str]:
    """Return the numbers that tests and code cite."""
    modules: list[Path] = []
    for folder in ("tests", "remote_backend", "benchmarks"):
        modules += (REPOSITORY / folder).rglob("*.py")
    sources = (path.read_text(encoding="utf-8") for path in modules)
    return {
        number
        for source in sources
        for text in texts_of(source)
        for number in NUMBER.findall(text)
    }


def rows(part: str) -> list[tuple[str, ...]]:
    """Return the cells of all rows of the tables in a part of the page, without their heads."""
    lines = [line for line in part.splitlines() if re.match(rf"\| {NUMBER.pattern}", line)]
    return [
        tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in lines
    ]


CASES, _, NOT_TESTED = PAGE.partition("\n## Not tested\n")


def test_each_cited_number_has_one_row() -> None:
    """With what happens and a source, so that a reader learns what the number means."""
    numbers = [row[0] for row in rows(CASES)]

    assert cited_numbers() - set(numbers) == set()
    assert len(numbers) == len(set(numbers))
    assert [row for row in rows(CASES) if len(row) != 3 or not all(row)] == []


def test_each_row_is_tested_or_says_why_not() -> None:
    """A case without a test stands in the last table, with the reason."""
    numbers = {row[0] for row in rows(CASES)}
    not_tested = {number for row in rows(NOT_TESTED) for number in NUMBER.findall(row[0])}

    assert numbers - cited_numbers() - not_tested == set()
    assert not_tested <= numbers
    assert [row for row in rows(NOT_TESTED) if len(row) != 2 or not all(row)] == []
