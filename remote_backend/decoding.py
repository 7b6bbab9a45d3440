"""Text files of users: UTF-8, as Terraform requires it, or a fault with its line."""

from pathlib import Path

from attrs import frozen

from remote_backend.errors import SettingsError

__all__ = ("TextFault", "decode_text", "is_text", "read_text", "text_fault")

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The longer marks come first, because the mark of UTF-32 begins with the mark of UTF-16.
_OTHER_ENCODINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16, as PowerShell's > writes it"),
    (b"\xfe\xff", "UTF-16"),
)


@frozen
class TextFault:
    """The reason why bytes cannot be read as text."""

    line: int | None
    problem: str
    """The rest of a sentence after the name of the file: `is not UTF-8 text (...); ...`."""


def decode_text(data: bytes) -> str | TextFault:
    """Return UTF-8 text without a byte order mark, or the fault that prevents it."""
    try:
        text = data.removeprefix(_BYTE_ORDER_MARK).decode()
    except UnicodeDecodeError as error:
        return _fault(data, len(data) - len(error.object) + error.start)
    # UTF-16 without a mark is valid UTF-8 as long as all of its letters are ASCII, but then
    # it has zero bytes.
    return _fault(data, data.index(b"\0")) if "\0" in text else text


def read_text(path: Path) -> str:
    """Return the text of a file; raises `SettingsError` with its name, line and encoding."""
    try:
        text = decode_text(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    if isinstance(text, str):
        return text
    where = path if text.line is None else f"{path}:{text.line}"
    raise SettingsError(f"{where} {text.problem}")


def text_fault(data: bytes) -> TextFault | None:
    """Return the fault of bytes that are not UTF-8 text, or None."""
    text = decode_text(data)
    return text if isinstance(text, TextFault) else None


def is_text(text: str) -> bool:
    """Return whether a text can be encoded as UTF-8; command arguments may hold other bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fault(data: bytes, position: int) -> TextFault:
    for mark, name in _OTHER_ENCODINGS:
        if data.startswith(mark):
            return TextFault(None, f"is {name}, and not UTF-8; save it as UTF-8")
    line = data.count(b"\n", 0, position) + 1
    return TextFault(
        line, f"is not UTF-8 text (byte 0x{data[position]:02x}); save it as UTF-8"
    )
