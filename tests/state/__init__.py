"""Tests of `remote_backend.state`."""
