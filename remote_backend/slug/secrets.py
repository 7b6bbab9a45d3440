"""Names of files that usually hold secrets."""

__all__ = ("may_hold_secrets",)

_NAMES = frozenset(
    {
        ".env",
        ".netrc",
        ".terraformrc",
        "_netrc",
        "crash.log",
        "credentials.tfrc.json",
        "id_dsa",
        "id_ecdsa",
        "id_ed25519",
        "id_rsa",
        "terraform.rc",
    }
)
_ENDS = (".p12", ".pem", ".pfx", ".tfstate")
# `.env.example` and the like show names without values.
_EXAMPLES = (".dist", ".example", ".sample", ".template")


def may_hold_secrets(folder: str, name: str) -> bool:
    """Return whether a file in a folder is likely to hold secrets, by its name alone."""
    if name in _NAMES or name.endswith(_ENDS):
        return True
    if ".tfstate." in name:  # backups, also numbered ones
        return not name.endswith(".lock.info")
    if name.startswith(".env."):
        return not name.endswith(_EXAMPLES)
    if name == "credentials":
        return folder == ".aws" or folder.endswith("/.aws")
    return name.startswith("crash.") and name.endswith(".log")
