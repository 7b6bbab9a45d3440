"""Tests of `remote_backend.api.wire`."""
