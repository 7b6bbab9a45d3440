"""slug of remote_backend."""
