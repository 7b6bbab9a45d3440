"""Tests of `remote_backend.batch`."""
