"""Draw all pictures anew, or those that are named: `python -m tests.support.pictures [batch] [reports]`.

Needs POSIX, Chromium and Terraform 1.4 or newer on PATH.
"""

import sys

import anyio

from tests.support.paths import REPOSITORY
from tests.support.pictures.batch import draw_batch
from tests.support.pictures.reports import draw_reports

FOLDER = REPOSITORY / "docs" / "pictures"
_PICTURES = {"batch": draw_batch, "reports": draw_reports}

if __name__ == "__main__":
    for name in sys.argv[1:] or _PICTURES:
        anyio.run(_PICTURES[name], FOLDER)
