"""Tests of `remote_backend.git`."""
