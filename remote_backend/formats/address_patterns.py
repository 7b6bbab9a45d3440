"""Patterns for addresses of Terraform: `*` is any text, `?` is one character."""

import re
from functools import lru_cache

__all__ = ("address_pattern",)

_SIGNS = {"*": ".*", "?": "."}


@lru_cache
def address_pattern(pattern: str) -> re.Pattern[str]:
    """Return the expression that a whole address must match.

    Brackets mean themselves, because they stand in addresses: `aws_instance.web[0]`. So this is
    not `fnmatch`. `*` crosses dots.
    """
    parts = (_SIGNS.get(letter) or re.escape(letter) for letter in pattern)
    return re.compile("".join(parts), re.DOTALL)
