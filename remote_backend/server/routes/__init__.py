"""server.routes of remote_backend."""
