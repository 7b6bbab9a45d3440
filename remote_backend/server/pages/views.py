"""The routes of all pages; of two that match a path the first wins."""

from remote_backend.server.pages import (
    batch,
    batch_list,
    entrance,
    home,
    locking,
    run,
    run_log,
    short_paths,
    starting,
    states,
    tokens,
    variables,
    workspace,
    workspace_list,
)

__all__ = ("routes",)

# Short paths match almost everything, so they come last.
_PAGES = (
    entrance,
    home,
    tokens,
    workspace_list,
    batch_list,
    batch,
    workspace,
    run,
    run_log,
    starting,
    states,
    variables,
    locking,
    short_paths,
)
routes = tuple(route for page in _PAGES for route in page.routes)
