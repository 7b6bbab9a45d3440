"""Results of simulated policies and cost estimates."""

from decimal import Decimal

from attrs import frozen

__all__ = ("POLICY_LEVELS", "SimulatedCost", "SimulatedPolicy")

POLICY_LEVELS = ("advisory", "soft-mandatory", "hard-mandatory")


@frozen(kw_only=True)
class SimulatedPolicy:
    """The result of one simulated policy."""

    name: str
    level: str = "advisory"
    """One of `POLICY_LEVELS`."""

    passed: bool = True
    text: str = ""

    @property
    def verdict(self) -> str:
        """The result in one word: `passed` or `failed`."""
        return "passed" if self.passed else "failed"


@frozen(kw_only=True)
class SimulatedCost:
    """A simulated estimate of monthly costs; amounts are decimal text."""

    prior: str = "0.0"
    proposed: str = "0.0"
    resources: int = 0
    matched: int = 0

    @property
    def delta(self) -> str:
        """The difference between proposed and prior cost, as decimal text."""
        return str(Decimal(self.proposed) - Decimal(self.prior))
