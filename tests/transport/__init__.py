"""Tests of `remote_backend.transport`."""
