"""Tests of `remote_backend.server`, with literal requests."""
