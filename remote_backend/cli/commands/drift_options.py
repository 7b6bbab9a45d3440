"""The file of `-ignore-drift`: a pattern on each line."""

from pathlib import Path

from remote_backend.errors import SettingsError

__all__ = ("read_drift_patterns",)


def read_drift_patterns(name: str | None) -> tuple[str, ...]:
    """Return the patterns of a file; lines that begin with `#`, and empty ones, are comments.

    Raises `SettingsError` for a file that cannot be read, and for one without any pattern.
    """
    if name is None:
        return ()
    try:
        text = Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"-ignore-drift={name} cannot be read: {error.strerror}"
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(f"-ignore-drift={name} is not UTF-8 text") from None
    lines = (line.strip() for line in text.splitlines())
    patterns = tuple(line for line in lines if line and not line.startswith("#"))
    if not patterns:
        raise SettingsError(f"-ignore-drift={name} has no pattern; a line is one of them")
    return patterns
