"""Each request says where the API documents it."""

import re
from pathlib import Path

import pytest

from remote_backend.api import wire

FOLDER = Path(wire.__file__).parent
ADDRESS = "# https://developer.hashicorp.com/terraform/cloud-docs/api-docs"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_each_request_names_its_documentation(path: Path) -> None:
    """The line above a `request_to_*` is the address of a page of the documentation."""
    lines = path.read_text(encoding="utf-8").splitlines()
    undocumented = [
        line
        for above, line in zip(lines, lines[1:], strict=False)
        if re.match(r"def request_to_\w+\(", line) and not above.startswith(ADDRESS)
    ]
    assert undocumented == []
