"""Reports as JUnit, for those who show tests."""

import re
from xml.etree import ElementTree

from remote_backend.formats.ansi_html import plain_text
from remote_backend.models.outcome import Result
from remote_backend.reports.summary import Report, failed_checks_text

__all__ = ("to_junit",)

# What no document of XML may hold.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report) -> str:
    """Return a test suite with one case a workspace; failures and cancellations are failures."""
    results = [outcome.result for outcome in report.outcomes]
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(f"{report.organization} on {report.hostname}"),
        id=report.batch_id,
        tests=str(len(results) + (report.problem is not None)),
        failures=str(results.count(Result.FAILED)),
        errors=str(int(report.problem is not None)),
        skipped=str(results.count(Result.CANCELED) + results.count(Result.NOT_STARTED)),
        time=f"{sum(outcome.seconds for outcome in report.outcomes):.3f}",
    )
    for outcome in report.outcomes:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            name=_clean(outcome.workspace),
            classname=_clean(f"{report.organization}.{outcome.full_name}"),
            time=f"{outcome.seconds:.3f}",
        )
        message = _clean(outcome.reason or outcome.result.value)
        if outcome.result is Result.FAILED:
            failure = ElementTree.SubElement(case, "failure", message=message)
            diagnostics = outcome.changes.diagnostics if outcome.changes is not None else ()
            causes = "".join(f"{diagnostic.text}\n" for diagnostic in diagnostics)
            if failed := failed_checks_text(outcome):
                causes += f"{failed}\n"
            log = plain_text(report.logs.get(outcome.workspace, ""))[-20_000:]
            failure.text = _clean(f"{causes}{log}")
        elif not outcome.succeeded:
            ElementTree.SubElement(case, "skipped", message=message)
        lines = [outcome.result.value, outcome.run_url or ""]
        ElementTree.SubElement(case, "system-out").text = _clean("\n".join(lines))
    if report.problem is not None:
        case = ElementTree.SubElement(suite, "testcase", name="batch", time="0.000")
        ElementTree.SubElement(case, "error", message=_clean(report.problem))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", plain_text(text))
