"""transport of remote_backend."""
