"""models of remote_backend."""
