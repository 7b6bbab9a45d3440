"""config of remote_backend."""
