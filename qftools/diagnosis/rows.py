"""The row types of the tables of causes and remarks, and how a row is written down."""

from __future__ import annotations

from typing import NamedTuple

from qftools.diagnosis.nouns import Severity
from qftools.texts import Text


class Cause(NamedTuple):
    """One row.

    Attributes:
        what: What was done otherwise.
        fix: What to do instead.
        code: Key of the piece of code in the snippets.
        source: Who says how it has to be.
    """

    what: Text
    fix: Text
    code: str
    source: str


def cause(zh: str, en: str, fix_zh: str, fix_en: str, code: str, source: str) -> Cause:
    return Cause(Text(zh, en), Text(fix_zh, fix_en), code, source)


class Remark(NamedTuple):
    """One row: how bad it is, what is wrong, what shows it, what to do, who says so."""

    severity: Severity
    what: Text
    evidence: Text
    fix: Text
    source: str
    code: str = ""


def remark(
    severity: Severity,
    what: tuple[str, str],
    evidence: tuple[str, str],
    fix: tuple[str, str],
    source: str,
    code: str = "",
) -> Remark:
    """A remark; texts are (Chinese, English)."""
    return Remark(severity, Text(*what), Text(*evidence), Text(*fix), source, code)
