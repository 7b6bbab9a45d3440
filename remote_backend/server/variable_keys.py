"""The keys of variables: one owner has each only once in a category."""

from remote_backend.server.documents.request_documents import rejected
from remote_backend.server.records import VariableRecord
from remote_backend.server.store import Records

__all__ = ("require_unused_key",)


def require_unused_key(records: Records, variable: VariableRecord) -> None:
    """Raise `Rejected` where another variable of the same owner has the key."""
    for other in records.all(VariableRecord, variable.owner_id):
        same_name = (other.key, other.category) == (variable.key, variable.category)
        if same_name and other.id != variable.id:
            raise rejected(f"variable {variable.key} is there already")
