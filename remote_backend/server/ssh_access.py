"""The SSH key of a workspace, as git gets it while a run is planned."""

import shlex
from pathlib import Path

from remote_backend.server.auth import write_private

__all__ = ("write_ssh_key",)

_FILE = "ssh-key"


def write_ssh_key(folder: Path, key: str) -> dict[str, str]:
    """Write a private key into the folder of a run; return the variables that lead git to it.

    The agent and the keys of the user of the server are not used, but their known hosts are.
    """
    path = folder / _FILE
    # OpenSSH does not read a key without a final end of line.
    write_private(path, f"{key.strip()}\n")
    options = "-o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes"
    command = f"ssh -i {shlex.quote(path.as_posix())} {options}"
    return {"GIT_SSH_COMMAND": command}
