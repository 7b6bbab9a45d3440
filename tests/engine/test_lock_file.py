"""The dependency lock file as Terraform writes it."""

from pathlib import Path

import pytest

from remote_backend.engine.lock_file import package_hash, parse_lock_file

TEXT = """# This file is maintained automatically by "terraform init".

provider "registry.terraform.io/hashicorp/null" {
  version     = "3.2.2"
  constraints = "~> 3.0"
  hashes = [
    "h1:aaa=",
    "zh:bbb",
  ]
}

provider "example.test/acme/fake" {
  version = "1.0.0"
}
"""


def test_entries_have_versions_and_hashes() -> None:
    """Hashes of archives differ from those of packages, and there may be none."""
    lock_file = parse_lock_file(TEXT)

    null = lock_file.entries["registry.terraform.io/hashicorp/null"]
    assert null.version == "3.2.2"
    assert null.hashes == {"h1:aaa=", "zh:bbb"}
    assert null.archive_hashes == {"zh:bbb"}
    assert lock_file.entries["example.test/acme/fake"].hashes == frozenset()
    assert lock_file.is_readable


def test_a_hash_is_added_to_its_provider_alone() -> None:
    """The rest of the text stays as it is."""
    changed = parse_lock_file(TEXT).with_hash(
        "registry.terraform.io/hashicorp/null", "h1:c+/="
    )

    assert changed.text == TEXT.replace("hashes = [\n", 'hashes = [\n    "h1:c+/=",\n')
    assert changed.entries["registry.terraform.io/hashicorp/null"].hashes == (
        {"h1:aaa=", "zh:bbb", "h1:c+/="}
    )


@pytest.mark.parametrize(
    "text",
    [
        'provider "a/b/c" { version = "1.0.0" }\n',
        TEXT + 'provider "a/b/c" {\n  constraints = "1"\n}\n',
        TEXT + '  provider "a/b/c"\n',
    ],
)
def test_other_forms_are_not_guessed_at(text: str) -> None:
    """A lock file that somebody wrote by hand is not taken for an empty one."""
    assert not parse_lock_file(text).is_readable


def test_a_package_has_the_hash_that_terraform_writes(tmp_path: Path) -> None:
    """The expected hash was written by Terraform 1.11.4 for these files."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_bytes(b"text\n")
    (tmp_path / "terraform-provider-fake_v1.2.3").write_bytes(b"#!/bin/sh\nexit 1\n")

    assert package_hash(tmp_path) == "h1:4HOo4qvoGLdcliKiA6L8agOI9xMjrhPtXCaRiPLsL/w="
