"""Tests of `remote_backend.slug`."""
