"""Tests of `remote_backend.wire`."""
