"""Settings for all tests."""

from hypothesis import settings

# A slow machine is not a failure, and the same commit shall give the same result everywhere.
settings.register_profile("everywhere", deadline=None, derandomize=True)
settings.load_profile("everywhere")
