"""Headers of tar members, the same bytes for the same facts every time."""

from functools import lru_cache

from attrs import field, frozen

__all__ = ("BLOCK_BYTES", "END", "Header", "padding")

BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)

_FILE, _LINK, _DIRECTORY, _PAX = b"0", b"2", b"5", b"x"
_LONGEST_NAME = 100
_LONGEST_PREFIX = 155
_LARGEST_SIZE = 8**11 - 1
# User and group are left empty.
_OWNERS = b"0000000\0" * 2
# The checksum is computed with blanks in its own field.
_BLANKS = sum(b" " * 8)
_NANOSECONDS = 1_000_000_000


@frozen(kw_only=True)
class Header:
    """One member of an archive, without its content."""

    name: bytes
    """Relative, with `/` between its parts, and at the end of a directory."""

    mode: int
    modified_ns: int = 0
    size_bytes: int = 0
    link_target: bytes | None = field(default=None)

    def pack(self) -> bytes:
        """Return the header, behind a PAX record when a field does not fit into it."""
        prefix, name, records = self._name_fields()
        target = self.link_target or b""
        if not target.isascii() or len(target) > _LONGEST_NAME:
            records[b"linkpath"] = target
        seconds = _seconds(self.modified_ns)
        if seconds < 0:
            records[b"mtime"] = str(seconds).encode()
        if self.size_bytes > _LARGEST_SIZE:
            records[b"size"] = str(self.size_bytes).encode()
        block = _block(
            name=name,
            mode=self.mode,
            size=self.size_bytes if self.size_bytes <= _LARGEST_SIZE else 0,
            seconds=max(0, seconds),
            kind=self._kind(),
            target=_ascii(target),
            prefix=prefix,
        )
        return _pax(self.name, records) + block if records else block

    def _kind(self) -> bytes:
        if self.link_target is not None:
            return _LINK
        return _DIRECTORY if self.name.endswith(b"/") else _FILE

    def _name_fields(self) -> tuple[bytes, bytes, dict[bytes, bytes]]:
        name = self.name
        if name.isascii():
            if len(name) <= _LONGEST_NAME:
                return b"", name, {}
            # The slash at the end of a directory cannot be the one to split at.
            slash = name.rfind(b"/", 0, min(len(name) - 1, _LONGEST_PREFIX + 1))
            if slash > 0 and len(name) - slash - 1 <= _LONGEST_NAME:
                return name[:slash], name[slash + 1 :], {}
        return b"", _ascii(name), {b"path": name}


def padding(size_bytes: int) -> bytes:
    """Return the zeros that follow the content of a member."""
    return bytes(-size_bytes % BLOCK_BYTES)


def _block(
    *,
    name: bytes,
    mode: int,
    size: int,
    seconds: int,
    kind: bytes,
    target: bytes = b"",
    prefix: bytes = b"",
) -> bytes:
    before = b"%b%07o\0%b%011o\0%011o\0" % (
        name.ljust(100, b"\0"),
        mode,
        _OWNERS,
        size,
        seconds,
    )
    after, checksum = _end_of_block(kind, target, prefix)
    return b"%b%06o\0 %b" % (before, sum(before) + checksum, after)


@lru_cache(maxsize=256)
def _end_of_block(kind: bytes, target: bytes, prefix: bytes) -> tuple[bytes, int]:
    """Return the bytes behind the checksum, equal for nearly all members, and their sum."""
    device = bytes(8) if kind == _PAX else b"0000000\0"
    after = b"%b%bustar\x0000%b%b%b%b%b" % (
        kind,
        target.ljust(100, b"\0"),
        bytes(64),
        device,
        device,
        prefix.ljust(155, b"\0"),
        bytes(12),
    )
    return after, sum(after) + _BLANKS


def _pax(name: bytes, records: dict[bytes, bytes]) -> bytes:
    body = b"".join(_record(key, records[key]) for key in sorted(records))
    directory, _, last = name.rstrip(b"/").rpartition(b"/")
    parts = [part for part in (directory, b"PaxHeaders.0", last) if part]
    header = _block(
        name=_ascii(b"/".join(parts)), mode=0, size=len(body), seconds=0, kind=_PAX
    )
    return header + body + padding(len(body))


def _record(key: bytes, value: bytes) -> bytes:
    rest = b" " + key + b"=" + value + b"\n"
    # The length of a PAX record includes its own digits.
    length = len(rest) + len(str(len(rest)))
    if len(str(length)) + len(rest) != length:
        length = len(rest) + len(str(length))
    return str(length).encode() + rest


def _ascii(text: bytes) -> bytes:
    return bytes(byte for byte in text if byte < 0x80)[:_LONGEST_NAME]


def _seconds(nanoseconds: int) -> int:
    return (nanoseconds + _NANOSECONDS // 2) // _NANOSECONDS
