"""server of remote_backend."""
