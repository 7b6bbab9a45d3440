"""Benchmarks: commands that print tables and write `results/`; never a part of the tests."""
