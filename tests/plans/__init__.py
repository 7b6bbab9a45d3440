"""Tests of `remote_backend.plans`."""
