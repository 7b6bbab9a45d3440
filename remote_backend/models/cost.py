"""Estimated costs, with all digits that the server returned."""

from decimal import Decimal

from attrs import frozen

__all__ = ("Cost",)


@frozen(kw_only=True)
class Cost:
    """What resources cost in a month, before and after a plan is applied."""

    prior: Decimal
    """A month before the plan is applied."""

    proposed: Decimal
    """A month after it."""

    delta: Decimal
    """The difference, as the server says it."""

    currency: str = "USD"
    """HCP Terraform estimates in US dollars:
    https://developer.hashicorp.com/terraform/cloud-docs/cost-estimation"""

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            prior=self.prior + other.prior,
            proposed=self.proposed + other.proposed,
            delta=self.delta + other.delta,
            currency=self.currency,
        )
