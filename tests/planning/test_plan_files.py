"""Names and forms of the JSON plans that are handed on."""

import pytest

from remote_backend.planning.plan_files import file_name_of, with_format_version


@pytest.mark.parametrize(
    ("workspace", "name"),
    [
        ("eu-1", "eu-1.json"),
        ("index", "%69ndex.json"),
        (".hidden", "%2Ehidden.json"),
        ("..", "%2E..json"),
        ("a/b\\c", "a%2Fb%5Cc.json"),
        ("naïve", "na%C3%AFve.json"),
    ],
)
def test_no_name_leaves_the_folder_or_hides(workspace: str, name: str) -> None:
    """Names of other servers can hold anything."""
    assert file_name_of(workspace, is_redacted=False) == name


@pytest.mark.parametrize(
    ("configuration", "name"),
    [
        ("stacks/net", "stacks/net/dev.json"),
        (".", "dev.json"),
        ("../other/.hidden", "%2E./other/%2Ehidden/dev.json"),
        ("a/index.json", "a/index%2Ejson/dev.json"),
        ("a:b/c d", "a%3Ab/c d/dev.json"),
    ],
)
def test_directories_of_configurations(configuration: str, name: str) -> None:
    """They are kept, but none leads out of the folder, hides, or is called like a plan."""
    file = file_name_of("dev", is_redacted=False, configuration=configuration)
    assert file == name


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b'{"format_version":"1.2","a":1.0}', b'{"format_version":"1.2","a":1.0}'),
        (
            b' {"plan_format_version":"1.2","a":1.00}',
            b'{"format_version":"1.2","plan_format_version":"1.2","a":1.00}',
        ),
        (b'{"a":1}', None),
        (b"[]", None),
        (b"<html>", None),
        (b"[" * 100_000, None),
    ],
)
def test_a_plan_gets_its_version_and_stays_as_it_is(
    data: bytes, result: bytes | None
) -> None:
    """Numbers keep all their digits; what is not a plan gets no file."""
    assert with_format_version(data) == result
