"""The numbers that GitLab shows in a merge request, from `artifacts:reports:terraform`.

GitLab reads three numbers for each job:
https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsterraform
"""

import json

from remote_backend.reports.summary import Report

__all__ = ("to_gitlab",)

# GitLab shows an error in place of a number of seven digits.
_LARGEST = 999_999


def to_gitlab(report: Report) -> str:
    """Return what all plans of a batch create, update and delete, as one JSON document.

    A replaced resource counts once in `create` and once in `delete`, as Terraform counts it.
    """
    totals = report.totals
    numbers = {"create": totals.add, "update": totals.change, "delete": totals.destroy}
    shown = {name: min(number, _LARGEST) for name, number in numbers.items()}
    return json.dumps(shown) + "\n"
