"""Tests of `remote_backend.planning`."""
