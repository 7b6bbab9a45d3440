"""Writes the pages that are made from the code."""

from tests.support.reference_docs import write_pages

write_pages()
