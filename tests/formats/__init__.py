"""Tests of `remote_backend.formats`."""
