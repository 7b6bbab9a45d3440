"""The dependency lock file of a configuration: which hashes the packages of providers may have.

https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

import base64
import hashlib
import re
from pathlib import Path

from attrs import frozen

__all__ = ("LOCK_FILE", "LockEntry", "LockFile", "package_hash", "parse_lock_file")

LOCK_FILE = ".terraform.lock.hcl"
_BLOCK = re.compile(r'^provider\s+"([^"\n]+)"\s*\{\n(.*?)^\}', re.MULTILINE | re.DOTALL)
_ANY_BLOCK = re.compile(r"^\s*provider\b", re.MULTILINE)
_VERSION = re.compile(r'^\s*version\s*=\s*"([^"\n]+)"', re.MULTILINE)
_HASH = re.compile(r'"((?:h1|zh):[^"\n]+)"')
_HASHES = re.compile(r"^\s*hashes\s*=\s*\[\n", re.MULTILINE)


@frozen
class LockEntry:
    """What is locked of one provider."""

    version: str
    hashes: frozenset[str]

    @property
    def archive_hashes(self) -> frozenset[str]:
        """The hashes of archives; those of unpacked packages are the others."""
        return frozenset(text for text in self.hashes if text.startswith("zh:"))


@frozen
class LockFile:
    """A lock file with its entries, by the addresses of providers."""

    text: str
    entries: dict[str, LockEntry]
    is_readable: bool
    """False if there are blocks in a form that Terraform does not write."""

    def with_hash(self, address: str, package_hash: str) -> "LockFile":
        """Return it with one more hash of a provider that it locks."""

        def add(match: re.Match[str]) -> str:
            if match[1] != address:
                return match[0]
            return _HASHES.sub(rf'\g<0>    "{package_hash}",' + "\n", match[0], count=1)

        return parse_lock_file(_BLOCK.sub(add, self.text))


def parse_lock_file(text: str) -> LockFile:
    """Read a lock file as Terraform and OpenTofu write it."""
    entries = {}
    for address, body in _BLOCK.findall(text):
        version = _VERSION.search(body)
        if version is not None:
            entries[address] = LockEntry(version[1], frozenset(_HASH.findall(body)))
    is_readable = len(entries) == len(_ANY_BLOCK.findall(text))
    return LockFile(text, entries, is_readable)


def package_hash(folder: Path) -> str:
    """Return the hash of an unpacked package, in the scheme `h1`.

    It is that of https://pkg.go.dev/golang.org/x/mod/sumdb/dirhash#Hash1.
    """
    summary = hashlib.sha256()
    names = {
        path.relative_to(folder).as_posix(): path
        for path in folder.rglob("*")
        if path.is_file()
    }
    for name, path in sorted(names.items()):
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        summary.update(f"{digest}  {name}\n".encode())
    return f"h1:{base64.b64encode(summary.digest()).decode()}"
