"""wire of remote_backend."""
