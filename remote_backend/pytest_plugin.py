"""The plugin of pytest: the fixture `remote_backend_server`, a server for each test.

Nothing else of the package is imported unless a test uses the fixture.
"""

from collections.abc import Iterator
from typing import Any

import pytest

__all__ = ("pytest_configure", "remote_backend_server")

MARKER = (
    "remote_backend_server(workspaces=..., faults=..., ...): what the fixture of this name "
    "serves, by the parameters of remote_backend.testing.serve"
)


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker, which strict settings would refuse otherwise."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture
def remote_backend_server(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Run a compatible server in a thread, with the workspaces and faults of the marker.

    It is a `remote_backend.testing.EmbeddedServer`.
    """
    from remote_backend.testing import serve_in_thread

    marker = request.node.get_closest_marker("remote_backend_server")
    with serve_in_thread(**(marker.kwargs if marker is not None else {})) as server:
        yield server
