"""engine of remote_backend."""
