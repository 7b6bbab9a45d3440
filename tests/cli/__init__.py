"""Tests of `remote_backend.cli`."""
