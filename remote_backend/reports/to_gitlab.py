"""The numbers that GitLab shows in a merge request, from `artifacts:reports:terraform`.

GitLab reads three numbers for each job:
https://docs.gitlab.com/ci/yaml/artifacts_reports/#artifactsreportsterraform
"""

import json

from remote_backend.reports.summary import Report

__all__ = ("to_gitlab",)


def to_gitlab(report: Report) -> str:
    """Return what all plans of a batch create, update and delete, as one JSON document.

    A replaced resource counts once in `create` and once in `delete`, as Terraform counts it.
    """
    totals = report.totals
    numbers = {"create": totals.add, "update": totals.change, "delete": totals.destroy}
    return json.dumps(numbers) + "\n"
