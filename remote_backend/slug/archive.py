"""Packing a configuration for upload: the archive, and what a person should know about it."""

import hashlib
import os
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import anyio
from anyio import to_thread
from attrs import frozen

from remote_backend.errors import SlugError
from remote_backend.exception_groups import raise_lone_exception
from remote_backend.slug.gzip_stream import GzipStream, open_gzip
from remote_backend.slug.headers import END, Header, padding
from remote_backend.slug.ignore import parse_rules
from remote_backend.slug.root import ArchiveRoot, find_root
from remote_backend.slug.tally import CONFIGURATION, ArchiveSummary, walk_warnings
from remote_backend.slug.walk import Member, Walk, unreadable

__all__ = ("Slug", "pack", "read_ignore_file", "require_configuration")

_BLOCK_BYTES = 256 << 10
# A file that was replaced by a pipe after it was listed must not block forever.
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@frozen
class Slug:
    """An archive on disk, ready to be uploaded."""

    path: Path
    root: Path
    """The directory that was packed."""

    size_bytes: int
    """Of the archive, compressed."""

    file_count: int
    warnings: tuple[str, ...] = ()
    content_digest: str | None = None
    """SHA-256 of names, modes, links and contents, without times; None if it was not requested."""


async def pack(
    directory: Path,
    *,
    working_directory: str,
    destroy: bool,
    into: Path,
    refuse_outside_links: bool = False,
    with_digest: bool = False,
) -> Slug:
    """Pack the configuration in a directory into a new file in the folder `into`.

    The root of the archive is the directory without the workspace's working directory at its
    end. The same tree gives the same bytes. Being canceled stops the work before this
    returns. Raises `SlugError` for what cannot be read, for an archive without configuration
    unless the run destroys everything, and for refused links.
    """
    packer = _Packer(
        directory,
        find_root(directory, working_directory),
        destroy=destroy,
        into=into,
        refuse_outside_links=refuse_outside_links,
    )
    if with_digest:
        packer.digest = hashlib.sha256()
    slugs: list[Slug] = []
    ended = anyio.Event()

    async def work() -> None:
        with anyio.CancelScope(shield=True):
            try:
                slugs.append(await to_thread.run_sync(packer.pack))
            except _Stopped:
                pass
            finally:
                ended.set()

    with raise_lone_exception():
        async with anyio.create_task_group() as group:
            group.start_soon(work, name="pack")
            try:
                await ended.wait()
            except anyio.get_cancelled_exc_class():
                packer.stopped.set()
                raise
    return slugs[0]


class _Stopped(Exception):
    """The archive is not needed any more."""


class _Packer:
    """The work of one archive, in a thread."""

    def __init__(
        self,
        directory: Path,
        root: ArchiveRoot,
        *,
        destroy: bool,
        into: Path,
        refuse_outside_links: bool,
    ) -> None:
        self.stopped = threading.Event()
        self.digest: hashlib._Hash | None = None
        """Updated with everything that goes into the archive, if it was requested."""

        self._directory = directory
        self._root = root
        self._destroy = destroy
        self._into = into
        self._refuse_outside_links = refuse_outside_links
        self._warnings: list[str] = []

    def pack(self) -> Slug:
        root = self._root
        rules = parse_rules(read_ignore_file(root.path))
        descriptor, path = tempfile.mkstemp(dir=self._into, suffix=".tar.gz")
        with os.fdopen(descriptor, "wb") as file:
            status = os.fstat(file.fileno())
            walk = Walk(
                root.path,
                rules,
                frozenset({(status.st_dev, status.st_ino)}),
                refuses_outside_links=self._refuse_outside_links,
            )
            tally = ArchiveSummary(root.working_directory)
            self._write(file, walk, tally)
        if not tally.has_configuration and not self._destroy:
            raise _no_configuration(root)
        return Slug(
            path=Path(path),
            root=root.path,
            size_bytes=os.path.getsize(path),
            file_count=tally.file_count,
            warnings=(
                *root.warnings,
                *_leftover_states(self._directory),
                *walk_warnings(walk),
                *self._warnings,
                *tally.warnings(),
            ),
            content_digest=self.digest.hexdigest() if self.digest else None,
        )

    def _write(self, file: BinaryIO, walk: Walk, tally: ArchiveSummary) -> None:
        with open_gzip(file) as stream:
            for member in walk.members():
                if self.stopped.is_set():
                    raise _Stopped
                if self._write_member(stream, member, walk):
                    tally.add(member)
            stream.write(END)

    def _write_member(self, stream: GzipStream, member: Member, walk: Walk) -> bool:
        if member.is_file:
            return self._write_file(stream, member, walk)
        target = member.link_target
        header = Header(
            name=_archived(member.name),
            mode=member.mode,
            modified_ns=member.modified_ns,
            link_target=None if target is None else _archived(target),
        )
        stream.write(header.pack())
        self._note(header)
        return True

    def _write_file(self, stream: GzipStream, member: Member, walk: Walk) -> bool:
        try:
            descriptor = os.open(member.path, _READ_FLAGS)
        except FileNotFoundError:
            walk.vanished.append(member.path)
            return False
        except OSError as error:
            raise unreadable(member.path, error) from None
        try:
            # The open file counts, because the listed one may have been replaced since.
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                self._warn(member, "is not a file any more; it is left out")
                return False
            size = status.st_size
            header = Header(
                name=_archived(member.name),
                mode=status.st_mode & 0o777,
                modified_ns=status.st_mtime_ns,
                size_bytes=size,
            )
            stream.write(header.pack())
            self._note(header)
            for data in self._content(member, descriptor, size):
                stream.write(data)
                if self.digest is not None:
                    self.digest.update(data)
            stream.write(padding(size))
        finally:
            os.close(descriptor)
        return True

    def _content(self, member: Member, descriptor: int, size: int) -> Iterator[bytes]:
        """Yield as many bytes as the header says, even if the file changes meanwhile."""
        left = size
        while True:
            if self.stopped.is_set():
                raise _Stopped
            try:
                # Reading one byte more than expected detects a file that has grown.
                data = os.read(descriptor, min(left, _BLOCK_BYTES - 1) + 1)
            except OSError as error:
                raise unreadable(member.path, error) from None
            if len(data) > left:
                self._warn(
                    member, "became longer while it was read; its new end is left out"
                )
                data = data[:left]
            elif left and not data:
                self._warn(member, "became shorter while it was read; zeros fill the rest")
                for start in range(0, left, _BLOCK_BYTES):
                    yield bytes(min(left - start, _BLOCK_BYTES))
                return
            left -= len(data)
            yield data
            if not left:
                return

    def _note(self, header: Header) -> None:
        # Times differ between checkouts of the same configuration, so they are left out.
        if self.digest is not None:
            facts = (header.name, header.mode, header.size_bytes, header.link_target or b"")
            self.digest.update(b"%b\0%o %d\0%b\0" % facts)

    def _warn(self, member: Member, what: str) -> None:
        self._warnings.append(f"{member.path} {what}")


def read_ignore_file(root: Path) -> bytes | None:
    """Return the rules of a root, None where there are none; raises `SlugError`."""
    path = root / ".terraformignore"
    try:
        if path.is_symlink() and root not in Path(os.path.realpath(path)).parents:
            raise SlugError(
                f"{path} is a link that leaves {root}; without its rules too much would be "
                "uploaded, so put a file there"
            )
        return path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink():
            raise SlugError(f"{path} is a link to nothing; put a file there") from None
        return None
    except OSError as error:
        raise SlugError(
            f"{path} cannot be read ({error.strerror}); without its rules too much would be "
            "uploaded, so make it readable or remove it"
        ) from None


def require_configuration(root: ArchiveRoot) -> None:
    """Raise `SlugError` where a root has no configuration in its working directory.

    `pack` checks that, too; this is for an archive that was packed for another working directory.
    """
    try:
        names = os.listdir(root.path / root.working_directory)
    except OSError:
        names = []
    if not any(name.endswith(CONFIGURATION) for name in names):
        raise _no_configuration(root)


def _leftover_states(directory: Path) -> Iterator[str]:
    for path in sorted(Path(os.path.abspath(directory)).glob("errored.tfstate*")):
        yield (
            f"{path} holds a state that could not be stored, so the plan does not use it; "
            "compare it with the state on the server, and store it or delete the file"
        )


def _no_configuration(root: ArchiveRoot) -> SlugError:
    where = root.path / root.working_directory if root.working_directory else root.path
    why = f" ({root.warnings[0]})" if root.warnings else ""
    return SlugError(
        f"{where} holds no configuration (*.tf, *.tf.json) that would be uploaded{why}; check "
        "the working directory of the workspace and .terraformignore"
    )


def _archived(name: str) -> bytes:
    return os.fsencode(name) if os.sep == "/" else name.replace(os.sep, "/").encode()
