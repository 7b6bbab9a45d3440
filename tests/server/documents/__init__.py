"""Tests of the documents that the server answers with."""
