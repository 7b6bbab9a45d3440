"""Tests of `remote_backend.models`."""
