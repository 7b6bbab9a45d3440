"""Tests of `remote_backend.api.transport`."""
