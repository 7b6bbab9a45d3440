"""The account of a token, and users."""

from aiohttp import web

from remote_backend.server.context import (
    USER,
    context_of,
    not_found,
    read_request_document,
    respond,
)
from remote_backend.server.documents.documents import dump_document
from remote_backend.server.documents.users import (
    dump_account,
    dump_user,
    user_from_request,
)
from remote_backend.server.dumping import each
from remote_backend.server.lists import respond_with_one
from remote_backend.server.records import UserRecord
from remote_backend.server.store import Records

__all__ = ("routes",)

routes = web.RouteTableDef()


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/account#get-your-account-details
@routes.get("/api/v2/account/details")
async def read_account(request: web.Request) -> web.Response:
    """Return the user of the token; `terraform login` stores a token only after this."""
    return respond(dump_document(dump_account(request[USER])))


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/account#update-your-account-info
@routes.patch("/api/v2/account/update")
async def update_account(request: web.Request) -> web.Response:
    """Change the name and the e-mail address of the user of the token."""
    document = await read_request_document(request)
    id = request[USER].id

    def update(records: Records) -> UserRecord:
        user = records.find(UserRecord, id)
        if user is None:
            raise not_found(f"user {id}")
        return records.put(user_from_request(user, document))

    return await respond_with_one(request, update, each(dump_account), writes=True)


# https://developer.hashicorp.com/terraform/cloud-docs/api-docs/users#show-a-user
@routes.get("/api/v2/users/{user_id}")
async def read_user(request: web.Request) -> web.Response:
    """Return a user."""
    id = request.match_info["user_id"]
    user = await context_of(request).store.read(
        lambda records: records.find(UserRecord, id)
    )
    if user is None:
        raise not_found(f"user {id}")
    return respond(dump_document(dump_user(user)))
