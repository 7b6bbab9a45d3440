"""Tests in a browser that are skipped do not go unseen."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import REPOSITORY


@pytest.mark.parametrize("is_there", [True, False])
def test_a_run_without_a_browser_says_so(is_there: bool, tmp_path: Path) -> None:
    """`.ci/run` ends with this line, since nobody reads the list of skipped tests above it."""
    if is_there:
        browser = tmp_path / "chromium-1200" / "chrome-linux64" / "chrome"
        browser.parent.mkdir(parents=True)
        browser.touch(mode=0o755)

    done = subprocess.run(
        [sys.executable, "-m", "tests.support.chromium"],
        cwd=REPOSITORY,
        env={"PATH": "", "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    skipped = "The tests in tests/browser were skipped: no chromium is installed"
    assert done.stdout.startswith(skipped) is not is_there
    assert (done.stdout == "") is is_there
