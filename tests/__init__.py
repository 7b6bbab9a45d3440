"""Tests of remote_backend."""
