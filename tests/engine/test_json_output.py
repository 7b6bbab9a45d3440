"""JSON documents among other output."""

import pytest

from remote_backend.engine.json_output import find_json

PLAN = '{"format_version": "1.2", "x": {"y": "ä\\n{"}}'
WARNING = (
    "There are some problems with the CLI configuration:\n╷\n│ Warning: Unable to open "
    "CLI configuration file\n│\n│ The CLI configuration file at {path} does not exist.\n╵\n"
)


@pytest.mark.parametrize(
    "before",
    [
        "",
        "\n  ",
        WARNING,
        "\x1b[33mWarning\x1b[0m: {old}\n\x1b[0m",
        '{"level": "warn", "message": "{"}\n',
        "{ not JSON\n",
    ],
)
@pytest.mark.parametrize("after", ["", "\n", "\nhave a nice day\n{}"])
def test_the_document_is_found_whatever_stands_around_it(before: str, after: str) -> None:
    """It is returned as it was written; lines of JSON that are something else are passed by (S10)."""
    found = find_json(f"{before}{PLAN}{after}".encode(), "format_version")

    assert found is not None
    assert found.data.decode().strip() == PLAN
    assert found.content == {"format_version": "1.2", "x": {"y": "ä\n{"}}


@pytest.mark.parametrize(
    "output", [b"", b"no JSON", b'{"other": 1}', b"[" * 99999, b"{\xff"]
)
def test_output_without_the_document(output: bytes) -> None:
    """Nothing is found, and nothing raised."""
    assert find_json(output, "format_version") is None


def test_a_document_over_many_lines_is_found() -> None:
    """As `version -json` writes it."""
    found = find_json(
        b'Warning\n{\n  "terraform_version": "1.10.6"\n}\n', "terraform_version"
    )

    assert found is not None and found.content == {"terraform_version": "1.10.6"}
