"""Unpacking of untrusted archives: nothing is written outside the folder, all is bounded."""

import errno
import gzip
import io
import os
import posixpath
import tarfile
import zlib
from pathlib import Path

from attrs import define, field, frozen

from remote_backend.errors import SlugError

__all__ = ("FULL_DISK", "UnpackLimits", "unpack")

_BLOCK_BYTES = 256 << 10
# Small archives of very regular text have a higher ratio than large ones should have.
FULL_DISK = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
"""Numbers of errors for want of space, on the disk or within a quota."""

_FREE_BYTES = 16 << 20
_NEW_FILE = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


@frozen(kw_only=True)
class UnpackLimits:
    """How much an archive may hold."""

    members: int = 200_000
    name_bytes: int = 4096
    depth: int = 200
    """How many directories may stand inside each other; copying and removing them recurses."""

    file_bytes: int = 2 << 30
    total_bytes: int = 8 << 30
    ratio: int = 200
    """How many times larger the content may be than the archive."""


def unpack(archive: Path, into: Path, limits: UnpackLimits | None = None) -> None:
    """Unpack a gzip-compressed tar into an empty folder.

    Modes and times are those of the archive, without special bits; of two members of one
    name the later wins. Raises `SlugError` for an archive that is broken, empty, too large,
    or has a member that could reach outside the folder. A full disk stays an `OSError`.
    """
    allowed = limits or UnpackLimits()
    try:
        with archive.open("rb") as file:
            stream = _Counted(
                gzip.GzipFile(fileobj=file), os.path.getsize(archive), allowed
            )
            unpacker = _Unpacker(into, allowed)
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for info in tar:
                    unpacker.add(tar, info)
            # Whether the stream is complete is only known at its end.
            while stream.read(_BLOCK_BYTES):
                pass
            unpacker.finish()
    except (
        tarfile.TarError,
        EOFError,
        gzip.BadGzipFile,
        zlib.error,
        # Headers may hold impossible numbers, as a time that is not a number.
        ValueError,
        OverflowError,
    ) as error:
        raise SlugError(f"the archive is broken: {error}") from None
    except OSError as error:
        if error.errno in FULL_DISK:
            # No fault of the archive: the same one can be unpacked later.
            raise
        raise SlugError(
            f"the archive cannot be unpacked: {error.strerror or error}"
        ) from None


class _Counted(io.RawIOBase):
    """Reads a decompressed stream up to a limit."""

    def __init__(
        self, inner: gzip.GzipFile, packed_bytes: int, limits: UnpackLimits
    ) -> None:
        self._inner = inner
        self._limit = min(limits.total_bytes, max(_FREE_BYTES, packed_bytes * limits.ratio))
        self._count = 0

    def read(self, size: int = -1) -> bytes:
        data = self._inner.read(size)
        self._count += len(data)
        if self._count > self._limit:
            raise SlugError(f"the archive unpacks to more than {self._limit} bytes")
        return data


@define
class _Unpacker:
    """Writes members, and remembers what it wrote, so that no link is ever written through."""

    into: Path
    limits: UnpackLimits
    _kinds: dict[str, str] = field(factory=dict)
    _folders: dict[str, tarfile.TarInfo] = field(factory=dict)
    _count: int = 0

    def add(self, tar: tarfile.TarFile, info: tarfile.TarInfo) -> None:
        self._count += 1
        if self._count > self.limits.members:
            raise SlugError(f"the archive has more than {self.limits.members} members")
        name = self._clean(info.name)
        if name == "" or posixpath.basename(name).startswith("._"):
            return
        if info.isdir():
            self._make_folder(name)
            self._folders[name] = info
        elif info.issym():
            self._make_link(name, info)
        elif info.isreg():
            self._write_file(tar, name, info)
        else:
            raise SlugError(
                f"the archive has a member {name!r} that is not a file, directory or symbolic link"
            )

    def finish(self) -> None:
        if not self._kinds:
            raise SlugError("the archive is empty")
        # Inner folders first: nothing can be changed inside of a read-only folder.
        for name in sorted(self._folders, reverse=True):
            if self._kinds.get(name) == "folder":
                _dress(self.into / name, self._folders[name])

    def _clean(self, name: str) -> str:
        if len(os.fsencode(name)) > self.limits.name_bytes:
            raise SlugError(
                f"the archive has a name longer than {self.limits.name_bytes} bytes"
            )
        parts = name.split("/")
        # On Windows a backslash or a colon is a separator, so no name may hold one there.
        strange = any(os.sep != "/" and (os.sep in part or ":" in part) for part in parts)
        if name.startswith("/") or ".." in parts or "\0" in name or strange:
            raise SlugError(f"the archive has a member {name!r} outside of it")
        kept = [part for part in parts if part not in ("", ".")]
        if len(kept) > self.limits.depth:
            raise SlugError(
                f"the archive has a member more than {self.limits.depth} directories deep"
            )
        return "/".join(kept)

    def _make_folder(self, name: str) -> None:
        if name == "" or self._kinds.get(name) == "folder":
            return
        self._make_folder(posixpath.dirname(name))
        if name in self._kinds:
            raise SlugError(f"the archive has both {name!r} and something below it")
        (self.into / name).mkdir(mode=0o700)
        self._kinds[name] = "folder"

    def _make_link(self, name: str, info: tarfile.TarInfo) -> None:
        self._clear(name)
        target = info.linkname
        start = posixpath.dirname(name)
        led = posixpath.normpath(posixpath.join(start, target))
        if target.startswith("/") or led == ".." or led.startswith("../"):
            raise SlugError(f"the archive has a link {name!r} that leads outside of it")
        # Without `..` behind a name, a link cannot leave the folder by way of another link.
        os.symlink(posixpath.relpath(led, start or "."), self.into / name)
        self._kinds[name] = "link"

    def _write_file(self, tar: tarfile.TarFile, name: str, info: tarfile.TarInfo) -> None:
        if info.size > self.limits.file_bytes:
            raise SlugError(
                f"the archive has a file {name!r} larger than {self.limits.file_bytes} bytes"
            )
        self._clear(name)
        source = tar.extractfile(info)
        assert source is not None
        path = self.into / name
        with os.fdopen(os.open(path, _NEW_FILE, 0o600), "wb") as file:
            left = info.size
            while left:
                data = source.read(min(left, _BLOCK_BYTES))
                if not data:
                    raise SlugError(f"the archive ends within {name!r}")
                file.write(data)
                left -= len(data)
        self._kinds[name] = "file"
        _dress(path, info)

    def _clear(self, name: str) -> None:
        self._make_folder(posixpath.dirname(name))
        if self._kinds.get(name) == "folder":
            raise SlugError(f"the archive has both {name!r} and something below it")
        if self._kinds.pop(name, None) is not None:
            os.unlink(self.into / name)


def _dress(path: Path, info: tarfile.TarInfo) -> None:
    os.chmod(path, info.mode & 0o777)
    os.utime(path, (info.mtime, info.mtime))
