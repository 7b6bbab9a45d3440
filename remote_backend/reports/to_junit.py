"""Reports as JUnit, for CI systems that show tests.

A workspace is a test case. Its failure has the parts that CI systems show: `message` is the title
(Jenkins, GitHub reporters), the text is the whole error (GitLab shows nothing else), and `type` is
the kind. `file` and `line` of the case lead to the place in the configuration; GitLab and reporters
for GitHub read them (https://docs.gitlab.com/ci/testing/unit_test_reports/). The log stands in the
output of the case.
"""

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from remote_backend.formats.ansi_html import plain_text
from remote_backend.models.failure import Failure
from remote_backend.models.gates import GateResult
from remote_backend.models.outcome import Outcome, Result
from remote_backend.plans.comparison_words import comparison_texts, result_words
from remote_backend.plans.first_failure import first_failure
from remote_backend.plans.gates import gate_text
from remote_backend.plans.results import result_name
from remote_backend.reports.summary import Report
from remote_backend.reports.words import failed_checks_text, unseen_text, warnings_of

__all__ = ("to_junit",)

_LOG_CHARACTERS = 20_000
# Characters that a document of XML must not have.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(report: Report) -> str:
    """Return a test suite; plans that were canceled or not started are skipped tests."""
    suites = Element("testsuites")
    suite = SubElement(suites, "testsuite", _totals(report))
    for outcome in report.outcomes:
        _add_case(suite, report, outcome)
    if report.problem is not None:
        case = SubElement(suite, "testcase", name="batch", time="0.000")
        message = _clean(report.problem)
        SubElement(case, "error", message=message, type="batch").text = message
    for gate in report.gates:
        _add_gate(suite, gate)
    indent(suites)
    text = tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_gate(suite: Element, gate: GateResult) -> None:
    case = SubElement(
        suite, "testcase", name=_clean(f"gate {gate.rule.text}"), time="0.000"
    )
    if gate.failed:
        message = _clean(gate_text(gate))
        names = _clean("\n".join((*gate.workspaces, *gate.cannot_tell)))
        SubElement(
            case, "failure", message=message, type="gate"
        ).text = f"{message}\n{names}"


def _totals(report: Report) -> dict[str, str]:
    results = [outcome.result for outcome in report.outcomes]
    has_problem = report.problem is not None
    mapping = f"/{report.mapping}" if report.mapping else ""
    against = f", {report.against}" if report.against else ""
    return {
        "name": _clean(f"{report.organization}{mapping} on {report.hostname}{against}"),
        "id": report.batch_id,
        "timestamp": _clean(report.started_at),
        "tests": str(len(results) + len(report.gates) + has_problem),
        "failures": str(results.count(Result.FAILED) + len(report.failed_gates)),
        "errors": str(int(has_problem)),
        "skipped": str(results.count(Result.CANCELED) + results.count(Result.NOT_STARTED)),
        "time": f"{sum(outcome.seconds for outcome in report.outcomes):.3f}",
    }


def _add_case(suite: Element, report: Report, outcome: Outcome) -> None:
    failure = first_failure(outcome)
    names = {
        "name": _clean(outcome.workspace),
        "classname": _clean(f"{report.organization}.{outcome.full_name}"),
        "time": f"{outcome.seconds:.3f}",
    }
    case = SubElement(suite, "testcase", {**names, **_place_of(failure)})
    title = _clean(failure.title if failure is not None else result_name(outcome))
    if outcome.result is Result.FAILED:
        kind = failure.kind.value if failure is not None else "failed"
        element = SubElement(case, "failure", message=title, type=kind)
        element.text = _clean(_error_text(outcome, failure))
    elif not outcome.succeeded:
        SubElement(case, "skipped", message=title)
    SubElement(case, "system-out").text = _clean("\n".join(_output(report, outcome)))


def _place_of(failure: Failure | None) -> dict[str, str]:
    if failure is None or failure.place is None:
        return {}
    place = failure.place
    line = {"line": str(place.line)} if place.line is not None else {}
    return {"file": _clean(place.file), **line}


def _error_text(outcome: Outcome, failure: Failure | None) -> str:
    text = failure.text if failure is not None else ""
    text = text or failed_checks_text(outcome) or outcome.reason or result_name(outcome)
    more = failure.further_errors if failure is not None else 0
    return (
        f"{text}\n\nand {more} more {'error' if more == 1 else 'errors'}" if more else text
    )


def _output(report: Report, outcome: Outcome) -> Iterator[str]:
    yield result_name(outcome)
    yield outcome.run_url or ""
    if words := result_words(outcome):
        yield f"Compared with the base: {words}"
    yield from comparison_texts([outcome])
    for warning in warnings_of(outcome):
        yield f"Warning: {warning}"
    if outcome.unseen_outputs:
        yield f"Warning: {unseen_text(outcome.unseen_outputs)}"
    log = report.logs.get(outcome.workspace)
    if outcome.result is Result.FAILED and log:
        yield f"\n{plain_text(log)[-_LOG_CHARACTERS:]}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", plain_text(text))
