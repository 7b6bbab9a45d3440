"""cli of remote_backend."""
