"""Tests of `remote_backend.engine`."""
