"""The pictures of README and docs/, drawn from real runs: `python -m tests.support.pictures`."""
