"""What stays the same while a batch is drawn."""

from collections.abc import Callable

from attrs import frozen

from remote_backend.cli.output.view.signs import Signs

__all__ = ("Theme",)


@frozen(kw_only=True)
class Theme:
    """What stays the same while a batch is drawn."""

    title: str
    """What is planned: `acme/net-*`."""

    signs: Signs
    clean: Callable[[str], str] = str
    """Makes text of others fit for one line of the terminal."""

    is_drift: bool = False
    has_keys: bool = True
