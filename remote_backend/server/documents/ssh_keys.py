"""SSH keys, as a server answers and receives them."""

from attrs import evolve

from remote_backend.server.documents.documents import Resource, resource_of
from remote_backend.server.documents.request_documents import RequestDocument, invalid
from remote_backend.server.organization_records import SSHKeyRecord

__all__ = ("dump_ssh_key", "ssh_key_from_request")

_LONGEST_NAME = 255


def dump_ssh_key(key: SSHKeyRecord) -> Resource:
    """Return an SSH key as a resource, without the key itself."""
    path = f"/api/v2/ssh-keys/{key.id}"
    return resource_of("ssh-keys", key.id, {"name": key.name}, links={"self": path})


def ssh_key_from_request(key: SSHKeyRecord, document: RequestDocument) -> SSHKeyRecord:
    """Return an SSH key with what a client sent; raises `Rejected` without name or key."""
    name = document.required_name(key.name, _LONGEST_NAME)
    value = document.text("value", key.value) or ""
    if not value.strip():
        raise invalid("value", "the text of a private key")
    return evolve(key, name=name, value=value)
