"""What the gateway publishes, as data: pay types, codes, fields, and where sources disagree.

Rows come from the JSON files beside this module, one row per line, each with its source.
A file is read when its table is first asked for, never on import; what comes back is
immutable. No rule lives here: routing and the cancel flow read these tables and decide.

To change a row, edit its line and run ``tests/test_catalogue.py``. A line leaves out what has
its default; a line of ``codes.json`` also what it shares with the template it is ``like``; a
line of ``fields.json`` may serve several ``endpoints``.

Example:
    >>> from qftools import catalogue
    >>> catalogue.pay_types()["800201"].cancel["seed"]
    'close'
    >>> catalogue.codes()["1143"].kind
    'progress'
    >>> catalogue.currencies()["JPY"].minor_digits
    0
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.front_door import front_door

if TYPE_CHECKING:
    from qftools.catalogue.rows import CALL_ENDPOINTS as CALL_ENDPOINTS
    from qftools.catalogue.rows import CARDS as CARDS
    from qftools.catalogue.rows import Code as Code
    from qftools.catalogue.rows import Currency as Currency
    from qftools.catalogue.rows import Dispute as Dispute
    from qftools.catalogue.rows import Elsewhere as Elsewhere
    from qftools.catalogue.rows import Environment as Environment
    from qftools.catalogue.rows import Field as Field
    from qftools.catalogue.rows import PageError as PageError
    from qftools.catalogue.rows import PayType as PayType
    from qftools.catalogue.rows import Reading as Reading
    from qftools.catalogue.rows import Source as Source
    from qftools.catalogue.rows import Switch as Switch
    from qftools.catalogue.rows import Text as Text
    from qftools.catalogue.rows import Wallet as Wallet
    from qftools.catalogue.tables import FILES as FILES
    from qftools.catalogue.tables import amount as amount
    from qftools.catalogue.tables import codes as codes
    from qftools.catalogue.tables import currencies as currencies
    from qftools.catalogue.tables import disputes as disputes
    from qftools.catalogue.tables import elsewhere as elsewhere
    from qftools.catalogue.tables import environments as environments
    from qftools.catalogue.tables import field as field
    from qftools.catalogue.tables import fields as fields
    from qftools.catalogue.tables import page_errors as page_errors
    from qftools.catalogue.tables import pay_types as pay_types
    from qftools.catalogue.tables import raw as raw
    from qftools.catalogue.tables import sources as sources
    from qftools.catalogue.tables import switches as switches
    from qftools.catalogue.tables import wallets as wallets

_HOME = {
    "CALL_ENDPOINTS": "rows",
    "CARDS": "rows",
    "FILES": "tables",
    "Code": "rows",
    "Currency": "rows",
    "Dispute": "rows",
    "Elsewhere": "rows",
    "Environment": "rows",
    "Field": "rows",
    "PageError": "rows",
    "PayType": "rows",
    "Reading": "rows",
    "Source": "rows",
    "Switch": "rows",
    "Text": "rows",
    "Wallet": "rows",
    "amount": "tables",
    "codes": "tables",
    "currencies": "tables",
    "disputes": "tables",
    "elsewhere": "tables",
    "environments": "tables",
    "field": "tables",
    "fields": "tables",
    "page_errors": "tables",
    "pay_types": "tables",
    "raw": "tables",
    "sources": "tables",
    "switches": "tables",
    "wallets": "tables",
}

__all__ = [*_HOME]

__getattr__, __dir__ = front_door(__name__, _HOME)
