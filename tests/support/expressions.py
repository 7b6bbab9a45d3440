"""Conditions and texts of CI recipes, as GitHub and GitLab compute them, for what our recipes use."""

import re
from collections.abc import Callable
from typing import Any

__all__ = ("evaluate", "interpolate")

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_TOKENS = re.compile(
    r"""(?P<text>'[^']*'|"[^"]*") | (?P<name>\$?[A-Za-z_][\w.-]*(?:\(\))?)
    | (?P<operator>&&|\|\||==|!=|!|\(|\)) | (?P<unknown>\S)""",
    re.VERBOSE,
)
_OPERATORS = {"&&": "and", "||": "or", "!": "not"}


def evaluate(expression: str, value_of: Callable[[str], Any]) -> Any:
    """Return the value of an expression; `value_of` gives those of names and calls."""
    python = " ".join(_python(token) for token in _TOKENS.finditer(expression))
    return eval(python, {"value_of": value_of})


def interpolate(text: str, value_of: Callable[[str], Any]) -> str:
    """Return a text of GitHub with the values of its expressions."""
    return _EXPRESSION.sub(lambda found: str(evaluate(found[1].strip(), value_of)), text)


def _python(token: re.Match[str]) -> str:
    assert token["unknown"] is None, f"{token.string!r} has {token['unknown']}"
    if token["name"]:
        return f"value_of({token['name']!r})"
    return token["text"] or _OPERATORS.get(token["operator"], token["operator"])
