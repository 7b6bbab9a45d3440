"""Durations and amounts of money as people read them."""

from decimal import Decimal

import pytest

from remote_backend.formats.amounts import difference_text, duration, money


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8s"), (9.94, "9.9s"), (34.2, "34s"), (72, "1m12s"), (3720, "1h02m")],
)
def test_durations_have_the_digits_that_matter(seconds: float, text: str) -> None:
    """Tenths below ten seconds, and two units at most."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("amount", "text", "difference"),
    [
        ("1204.1", "$1,204.10", "+$1,204.10"),
        ("-3.105", "-$3.11", "-$3.11"),
        ("0.004", "$0.00", "$0.00"),
        ("0", "$0.00", "$0.00"),
        ("-0.001", "$0.00", "$0.00"),
        (
            "123456789012345678901234567890.5",
            "$123,456,789,012,345,678,901,234,567,890.50",
            None,
        ),
    ],
)
def test_money_has_cents_and_a_sign_in_front(
    amount: str, text: str, difference: str | None
) -> None:
    """Large amounts keep all digits, and a change that is rounded to zero has no sign."""
    assert money(Decimal(amount)) == text
    assert difference_text(Decimal(amount)) == (difference or f"+{text}")


def test_other_currencies_are_named() -> None:
    """Only dollars have a sign of their own here."""
    assert money(Decimal("5"), "EUR") == "EUR 5.00"
