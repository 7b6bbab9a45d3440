"""Where the repository and the samples of the tests are."""

from pathlib import Path

__all__ = ("REPOSITORY", "SAMPLES")

REPOSITORY = Path(__file__).parents[2]
SAMPLES = REPOSITORY / "tests" / "samples"
