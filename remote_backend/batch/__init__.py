"""batch of remote_backend."""
