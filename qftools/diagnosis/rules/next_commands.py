"""What to type next, ready to run, with the numbers of the order in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from qftools.patterns import pattern

_NUMBER = pattern(r"[A-Za-z0-9_|*][A-Za-z0-9_|*.-]{0,127}")
_OPTIONS = {"orig_syssn": "--syssn", "syssn": "--syssn", "out_trade_no": "--out-trade-no"}
# Of a cancel the original is asked for; of a refund the refund itself.
_FIRST = ("orig_syssn", "syssn", "out_trade_no")
_OF_REFUND = ("syssn", "out_trade_no", "orig_syssn")


def query(order: Mapping[str, str], endpoint: str = "") -> tuple[str, ...]:
    """The query of this order; with a place for the number where none is known.

    Example:
        >>> query({"syssn": "2026", "orig_syssn": "2025"}), query({})
        (('qftools query --syssn 2025',), ('qftools query --out-trade-no NUMBER',))
    """
    return (f"qftools query {_named(order, endpoint) or '--out-trade-no NUMBER'}",)


def cancel(order: Mapping[str, str]) -> tuple[str, ...]:
    """The cancel that goes on until its end is proved; nothing where no number is known."""
    named = _named(order, "")
    return (f"qftools cancel {named}",) if named else ()


def after(kind: str, endpoint: str, order: Mapping[str, str], respcd: str) -> tuple[str, ...]:
    """What comes after a code of this *kind* as the answer of *endpoint*."""
    if kind == "caller" and respcd not in ("1102", "1251", "2011"):
        return ("qftools explain REQUEST.txt",)
    asked = query(order, endpoint)
    if kind in ("progress", "unknown") and endpoint in ("payment", "reversal", "close", ""):
        return asked + cancel(order)
    return asked


def _named(order: Mapping[str, str], endpoint: str) -> str:
    for name in _OF_REFUND if endpoint == "refund" else _FIRST:
        if _NUMBER.fullmatch(order.get(name, "")):
            return f"{_OPTIONS[name]} {shlex.quote(order[name])}"
    return ""
