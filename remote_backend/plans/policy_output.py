"""The results of single policies in the text that a policy check wrote for people.

The API counts results and names no policy (`result.sentinel` is null), but the output does:
https://developer.hashicorp.com/terraform/cloud-docs/api-docs/policy-checks.
"""

import re

from remote_backend.formats.ansi import SGR, physical_lines
from remote_backend.models.policy import PolicyResult

__all__ = ("parse_policy_output",)

# Sentinel on HCP Terraform: a heading, `Result: false`, then the trace of the rules.
_SENTINEL = re.compile(
    r"^## Policy \d+: (.+) \(([a-z-]+)\)\n((?:(?!## Policy \d).*(?:\n|$))*)", re.MULTILINE
)
_RESULT = re.compile(r"^Result: (\w+)\n*", re.MULTILINE)
# The server of this package.
_SIMULATED = re.compile(
    r"^(\S.*) \((advisory|soft-mandatory|hard-mandatory)\): (passed|failed)\n?((?:  .*(?:\n|$))*)",
    re.MULTILINE,
)


def parse_policy_output(output: str) -> tuple[PolicyResult, ...]:
    """Return the policies that an output names with their results; none for other forms."""
    text = "\n".join(physical_lines(SGR.sub("", output)))
    return _sentinel_results(text) or _simulated_results(text)


def _sentinel_results(text: str) -> tuple[PolicyResult, ...]:
    return tuple(
        PolicyResult(
            name=policy[1],
            level=policy[2],
            status="passed" if result[1] == "true" else "failed",
            text=policy[3][result.end() :].strip(),
        )
        for policy in _SENTINEL.finditer(text)
        if (result := _RESULT.search(policy[3])) is not None
    )


def _simulated_results(text: str) -> tuple[PolicyResult, ...]:
    return tuple(
        PolicyResult(
            name=policy[1], level=policy[2], status=policy[3], text=policy[4].strip()
        )
        for policy in _SIMULATED.finditer(text)
    )
