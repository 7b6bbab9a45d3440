"""Tests of `remote_backend.selecting`."""
