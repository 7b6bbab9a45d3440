"""Durations, numbers of a plan and amounts of money as people read them, in every output."""

from decimal import ROUND_HALF_UP, Context, Decimal

__all__ = ("difference_text", "duration", "money", "signed_numbers")

_CENT = Decimal("0.01")
# Amounts of a server can have more digits than the default context keeps.
_EXACT = Context(prec=100, rounding=ROUND_HALF_UP)
_SYMBOLS = {"USD": "$"}


def duration(seconds: float) -> str:
    """Return a time as `0.8s`, `34s`, `1m12s` or `1h02m`."""
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded}s"
    if rounded < 3600:
        return f"{rounded // 60}m{rounded % 60:02}s"
    return f"{rounded // 3600}h{rounded % 3600 // 60:02}m"


def signed_numbers(add: int, change: int, destroy: int, *, separator: str = "") -> str:
    """Return the numbers of a plan without zeros: `+12 ~3 -7`; `separator` divides thousands."""
    numbers = (("+", add), ("~", change), ("-", destroy))
    return " ".join(f"{sign}{number:{separator}}" for sign, number in numbers if number)


def money(amount: Decimal, currency: str = "USD") -> str:
    """Return an amount with two digits for cents: `$1,204.10`, `-$3.10`, `EUR 5.00`."""
    symbol = _SYMBOLS.get(currency, f"{currency} ")
    rounded = amount.quantize(_CENT, context=_EXACT)
    return f"{'-' if rounded < 0 else ''}{symbol}{rounded.copy_abs():,}"


def difference_text(amount: Decimal, currency: str = "USD") -> str:
    """Return a change of an amount with its sign: `+$213.40`; zero has none."""
    text = money(amount, currency)
    return f"+{text}" if amount.quantize(_CENT, context=_EXACT) > 0 else text
