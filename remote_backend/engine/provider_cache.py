"""Providers that runs share: a package is downloaded once, and each run gets a link to it.

Terraform's plugin cache may not be written by two `init` at a time
(https://developer.hashicorp.com/terraform/cli/config/config-file#provider-plugin-cache), and a
program in it may not be replaced while a plan executes it. So each run has a plugin cache of its
own. It is filled with links to the packages that are kept here, and `init` takes them from
there. A package that `init` downloads is a real folder in the cache of the run; after a
successful `init` it is moved here, whole, and a link takes its place. A kept package never
changes.

A link is made only if `init` accepts the package: the lock file of the run has no entry for its
version, or one of the hashes in the entry is that of the package. Developers often lock with the
hashes of all archives and that of the package of their own system alone. Terraform checks only
the latter in a cache, so it would download each time. Therefore the hashes of archives with which
a package was once accepted are kept too; a lock file that has all of them gets the hash of the
package in the copy of the run.

Runs of one configuration that begin at the same time would all download: the first one goes
ahead, and the others wait until its `init` is over.
"""

import hashlib
import json
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
from anyio import to_thread
from attrs import define, field, frozen

from remote_backend.atomic_files import write_atomically
from remote_backend.engine.lock_file import (
    LOCK_FILE,
    LockEntry,
    LockFile,
    package_hash,
    parse_lock_file,
)
from remote_backend.structured_logging import Log

__all__ = ("ProviderCache", "providers_in")

log = Log()

# HOST/NAMESPACE/TYPE, and below it VERSION/SYSTEM.
_PROVIDERS = "*/*/*"
_PACKAGES = f"{_PROVIDERS}/*/*"
_CONFIGURATION_SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json")
_MOST_KEYS = 1000


def providers_in(mirror: Path | None) -> list[str]:
    """Return the addresses of the providers in a filesystem mirror."""
    if mirror is None:
        return []
    folders = (path for path in mirror.glob(_PROVIDERS) if path.is_dir())
    return sorted(path.relative_to(mirror).as_posix() for path in folders)


@frozen
class _Package:
    """An unpacked package of a provider, in a folder like a plugin cache."""

    root: Path
    path: Path

    @property
    def address(self) -> str:
        return self.path.parents[1].relative_to(self.root).as_posix()

    @property
    def version(self) -> str:
        return self.path.parent.name

    def in_folder(self, root: Path) -> "_Package":
        return _Package(root, root / self.path.relative_to(self.root))


@frozen
class _Accepted:
    """The hashes with which a package was accepted."""

    package: str
    archives: frozenset[str] = frozenset()


@define
class ProviderCache:
    """The packages of providers that the runs of a server share."""

    folder: Path
    mirror: Path | None = None
    """A filesystem mirror, whose providers are never kept."""

    _firsts: dict[str, anyio.Event] = field(factory=dict, repr=False)
    """For each kind of configuration, whether its first `init` is over."""

    _keeping: anyio.Lock = field(factory=anyio.Lock, repr=False)

    @asynccontextmanager
    async def linked_into(
        self, plugins: Path, configuration: Path
    ) -> AsyncIterator[dict[str, str]]:
        """Fill the plugin cache of a run; yield the variables for its `init`.

        New packages are kept if the block is left without an error.
        """
        before = await to_thread.run_sync(_read_lock_file, configuration)
        first, key = None, ""
        if not await to_thread.run_sync(self._link, plugins, configuration):
            key = await to_thread.run_sync(_key_of, configuration)
            first = await self._become_first(key)
            if first is None:
                await to_thread.run_sync(self._link, plugins, configuration)
        try:
            yield {
                "TF_PLUGIN_CACHE_DIR": str(plugins),
                # Else a provider that is not locked would be downloaded again:
                # https://developer.hashicorp.com/terraform/cli/config/environment-variables
                "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE": "1",
            }
            async with self._keeping:
                await to_thread.run_sync(self._keep, plugins, configuration, before)
        except BaseException:
            if first is not None:
                self._firsts.pop(key, None)
            raise
        finally:
            if first is not None:
                first.set()

    def remove_unused(self, before: float) -> None:
        """Remove the packages that no run has used since a time."""
        for package in self._packages():
            record = _record_path(package)
            with suppress(FileNotFoundError):
                if record.stat().st_mtime < before:
                    record.unlink()
                    shutil.rmtree(package.path, ignore_errors=True)

    async def _become_first(self, key: str) -> anyio.Event | None:
        """Return an event to set when `init` is over, or wait for the first one and return None."""
        before = self._firsts.get(key)
        if before is not None:
            await before.wait()
            return None
        if len(self._firsts) >= _MOST_KEYS:
            running = {key for key, event in self._firsts.items() if not event.is_set()}
            self._firsts = {key: self._firsts[key] for key in running}
        self._firsts[key] = anyio.Event()
        return self._firsts[key]

    def _link(self, plugins: Path, configuration: Path) -> bool:
        """Link the packages that a run can use; return whether it needs no others."""
        lock_file = _read_lock_file(configuration)
        links = _Links(lock_file)
        plugins.mkdir(parents=True, exist_ok=True, mode=0o700)
        local = self._local_providers(configuration)
        for package in self._packages():
            accepted = _read_accepted(package)
            if accepted is None or package.address in local:
                continue
            if links.accept(package, accepted):
                _make_link(package.in_folder(plugins).path, package.path)
        if links.lock_file.text != lock_file.text:
            (configuration / LOCK_FILE).write_text(links.lock_file.text, encoding="utf-8")
        return links.are_complete

    def _keep(self, plugins: Path, configuration: Path, before: LockFile) -> None:
        after = _read_lock_file(configuration)
        local = self._local_providers(configuration)
        for package in _packages_in(plugins):
            kept = package.in_folder(self.folder)
            if package.path.is_symlink():
                _mark_as_used(kept, configuration)
            elif package.address not in local:
                entries = [lock.entries.get(package.address) for lock in (before, after)]
                self._keep_package(package, kept, *entries)

    def _keep_package(
        self,
        package: _Package,
        kept: _Package,
        before: LockEntry | None,
        after: LockEntry | None,
    ) -> None:
        accepted = _accepted(package, before, after)
        known = _read_accepted(kept)
        try:
            if known is None:
                shutil.rmtree(kept.path, ignore_errors=True)
                kept.path.parent.mkdir(parents=True, exist_ok=True)
                _move_and_link(package.path, kept.path)
                _write_accepted(kept, accepted)
                log.debug("provider.kept", address=kept.address, version=kept.version)
            elif known.package == accepted.package and accepted.archives:
                _write_accepted(kept, accepted)
        except OSError as error:
            # The run has its package all the same.
            log.warning("provider.not_kept", address=kept.address, problem=str(error))

    def _local_providers(self, configuration: Path) -> set[str]:
        """Return the providers that come from folders, where their packages may change."""
        # https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
        bundled = configuration / "terraform.d" / "plugins"
        return {*providers_in(self.mirror), *providers_in(bundled)}

    def _packages(self) -> Iterator[_Package]:
        return _packages_in(self.folder)


@define
class _Links:
    """Which packages a run can use."""

    lock_file: LockFile
    _linked: set[str] = field(factory=set)

    @property
    def are_complete(self) -> bool:
        """Whether all locked providers are there, so nothing is left to download."""
        locked = self.lock_file.entries
        return bool(locked) and self.lock_file.is_readable and locked.keys() <= self._linked

    def accept(self, package: _Package, accepted: _Accepted) -> bool:
        """Say whether `init` accepts a package; its hash is added to the lock file if it must."""
        if not self.lock_file.is_readable:
            return False
        entry = self.lock_file.entries.get(package.address)
        if entry is None or entry.version != package.version:
            return True
        if entry.hashes and accepted.package not in entry.hashes:
            if not accepted.archives or not accepted.archives <= entry.hashes:
                return False
            self.lock_file = self.lock_file.with_hash(package.address, accepted.package)
        self._linked.add(package.address)
        return True


def _accepted(
    package: _Package, before: LockEntry | None, after: LockEntry | None
) -> _Accepted:
    """Return the hashes with which `init` accepted a package that it downloaded.

    Without an entry it records all archives of the release, as the registry signs them. With
    one it had to find the archive among the hashes, unless that of the package was there.
    """
    digest = package_hash(package.path)
    entry = before if before and before.version == package.version else None
    if entry is None or not entry.hashes:
        return _Accepted(digest, after.archive_hashes if after else frozenset())
    if digest in entry.hashes:
        return _Accepted(digest)
    return _Accepted(digest, entry.archive_hashes)


def _packages_in(folder: Path) -> Iterator[_Package]:
    for path in folder.glob(_PACKAGES):
        if path.is_dir():
            yield _Package(folder, path)


def _make_link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    # Without a link, as on systems that do not allow it, the package is downloaded.
    with suppress(OSError):
        link.symlink_to(target, target_is_directory=True)


def _move_and_link(folder: Path, target: Path) -> None:
    folder.rename(target)
    try:
        folder.symlink_to(target, target_is_directory=True)
    except OSError:
        target.rename(folder)
        raise


def _mark_as_used(kept: _Package, configuration: Path) -> None:
    used = configuration / ".terraform" / "providers" / kept.path.relative_to(kept.root)
    if used.exists():
        with suppress(FileNotFoundError):
            os.utime(_record_path(kept))


def _record_path(package: _Package) -> Path:
    return package.path.with_name(f"{package.path.name}.json")


def _read_accepted(package: _Package) -> _Accepted | None:
    try:
        record = json.loads(_record_path(package).read_bytes())
        return _Accepted(record["package"], frozenset(record["archives"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_accepted(package: _Package, accepted: _Accepted) -> None:
    record = {"package": accepted.package, "archives": sorted(accepted.archives)}
    write_atomically(_record_path(package), json.dumps(record).encode())


def _read_lock_file(configuration: Path) -> LockFile:
    path = configuration / LOCK_FILE
    if path.is_symlink():
        # It may be shared with other folders of the configuration, so it stays as it is.
        return LockFile("", {}, is_readable=False)
    try:
        return parse_lock_file(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return parse_lock_file("")
    except (OSError, UnicodeDecodeError):
        return LockFile("", {}, is_readable=False)


def _key_of(configuration: Path) -> str:
    """Return the same text for configurations that need the same providers."""
    summary = hashlib.sha256()
    for path in sorted(configuration.iterdir()):
        if path.name == LOCK_FILE or path.name.endswith(_CONFIGURATION_SUFFIXES):
            with suppress(OSError):
                summary.update(path.read_bytes())
    return summary.hexdigest()
