"""The variables of the process."""

import os
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ("process_environ",)


def process_environ() -> Mapping[str, str]:
    """Return the variables of the process as they are now.

    HOME is that of the account when the process has none.
    """
    environ = dict(os.environ)
    if os.name != "nt" and not environ.get("HOME"):
        environ["HOME"] = _account_home()
    return MappingProxyType(environ)


def _account_home() -> str:
    import pwd  # not there on Windows

    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # an account without an entry, as containers have them
        return ""
