"""Figures as people read them: three digits, a prefix, a unit."""

from __future__ import annotations

import math

# A thin space that does not break: a number and its unit stay on one line.
THIN = "\N{NARROW NO-BREAK SPACE}"
PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def digits(value: float, count: int = 3) -> str:
    """`value` with `count` significant digits and never an exponent: 1234.5 is "1230", 0.01234 is "0.0123"."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    places = count - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    # Rounding may have added a digit in front: 9.996 is "10.0".
    places = count - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{max(places, 0)}f}"


def rate(value: float, unit: str) -> str:
    """A throughput, with a prefix: "1.01 M rows/s". unit: what is counted a second; "" leaves it out."""
    text, prefix = _scaled(value)
    if unit in ("FLOP", "B"):
        return f"{text}{THIN}{prefix}{unit}/s"
    return THIN.join(part for part in (text, prefix, f"{unit}/s" if unit else "") if part)


def size(value: float) -> str:
    """Bytes, in powers of ten: "256 MB"."""
    text, prefix = _scaled(value)
    return f"{text}{THIN}{prefix}B"


def seconds(value: float) -> str:
    """A time: "254 us" is written with the micro sign."""
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("\N{MICRO SIGN}s", 1e6)):
        if value * scale >= 0.9995:
            return f"{digits(value * scale)}{THIN}{unit}"
    return f"{digits(value * 1e9)}{THIN}ns"


def percent(share: float) -> str:
    """A share with two digits: "63 %", "2.2 %", "0.31 %"; "<0.01 %" under that."""
    if 0 < share < 1e-4:
        return f"<0.01{THIN}%"
    return f"{share * 100:.0f}{THIN}%" if share >= 0.1 else f"{digits(share * 100, 2)}{THIN}%"


def times(ratio: float) -> str:
    """A ratio: "3.42 x" with the multiplication sign."""
    return f"{digits(ratio)}{THIN}\N{MULTIPLICATION SIGN}"


def _scaled(value: float) -> tuple[str, str]:
    for scale, prefix in PREFIXES:
        if value >= 0.9995 * scale:
            return digits(value / scale), prefix
    return digits(value), ""
