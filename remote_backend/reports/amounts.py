"""Times, money and counts in a few characters, the same in every form of report."""

from decimal import Decimal

from remote_backend.models.plan import Counts

__all__ = ("count_parts", "delta_text", "duration", "money")

_CURRENCY_SIGNS = {"USD": "$"}


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


def money(amount: Decimal, currency: str) -> str:
    """Return an amount with two digits: `$1,204.10`."""
    symbol = _CURRENCY_SIGNS.get(currency)
    text = f"{abs(amount):,.2f}"
    minus = "-" if amount < 0 and text.strip("0.,") else ""
    return f"{minus}{symbol}{text}" if symbol else f"{minus}{text} {currency}"


def delta_text(amount: Decimal, currency: str) -> str:
    """Return a difference of amounts with its sign: `+$213.40`."""
    text = money(amount, currency)
    return text if text.startswith("-") else f"+{text}"


def count_parts(counts: Counts) -> str:
    """Return the numbers of a plan without zeros: `+12 -7, 1 imported`."""
    parts = (("+", counts.add), ("~", counts.change), ("-", counts.destroy))
    text = " ".join(f"{sign}{number:,}" for sign, number in parts if number)
    imported = f"{counts.imported:,} imported" if counts.imported else ""
    return ", ".join(filter(None, (text, imported)))
