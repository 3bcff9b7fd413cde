"""What must not be shown, by the name of its field: one table, each row with its source."""

from __future__ import annotations

import re
from typing import NamedTuple

from qftools.patterns import pattern

REDACTED = "[redacted]"


class Hidden(NamedTuple):
    """A field whose value is not shown, wherever a field of that name is.

    Attributes:
        name: As on the wire. Case, ``_`` and ``-`` make no difference.
        about: ``key``: the client key. ``payer``: who the payer is in real life.
        source: Who says so.
    """

    name: str
    about: str
    source: str


FIELDS = (
    Hidden("key", "key", "docs2024 (C8)"),
    Hidden("client_key", "key", "seed"),
    Hidden("app_key", "key", "seed"),
    Hidden("app_secret", "key", "docs2024"),
    Hidden("user_creid", "payer", "docs2024"),
    Hidden("user_truename", "payer", "docs2024"),
    Hidden("outcardnm", "payer", "91APP"),
    Hidden("payment_data_enc", "payer", "docs2024"),
)
"""What a wallet calls its payer (``openid``, ``cardcd``) is not here: only the wallet can tell who
that is, and programs need it."""

# Names that no other word ends in: a torn text may have anything in front of them, and may have
# lost their first letter to it.
TELLING = r"(?:user[_-]?)?(?:creid|t?ruename)|o?utcardnm|p?ayment[_-]?data[_-]?enc|c?lient[_-]?key"
_TELLING = pattern(f"(?:{TELLING})$")
_BLANKS = str.maketrans("", "", "_- ")
KEY_FIELDS = frozenset(row.name for row in FIELDS if row.about == "key")
_NAMES = frozenset(row.name.translate(_BLANKS) for row in FIELDS)
_KEYS = frozenset(name.translate(_BLANKS) for name in KEY_FIELDS)
# Credentials of other systems, as fields and as headers: they are not the gateway's.
_OF_OTHERS = pattern(r"authorization|cookie|token|secret|passw|apikey|sess(?:ion)?id|(?:^|\.)sid$")
# Each name above contains one of these, in small letters.
HINTS = (
    *(b"key", b"creid", b"ruename", b"utcardnm", b"ayment_data", b"aymentdata"),
    *(b"ayment-data", b"authorization", b"cookie", b"token", b"secret", b"passw", b"sess"),
    *(b"sid=", b'sid"', b"sid:"),
)
LOOSE = (
    rf"{TELLING}|(?:client|app)[_-]?(?:key|secret)"
    r"|[\w-]{0,20}(?:password|passwd|secret|api[_-]?key|token|sess(?:ion)?id)|(?:connect\.)?sid"
)
"""The names in a text that has no structure, as a pattern; "key" alone is too common there."""


def is_hidden(name: str) -> bool:
    """Tell whether what a field or a header of that name holds must not be shown.

    Example:
        >>> [is_hidden(name) for name in ("extend_info[user_creid]", "clientKey", "X-QF-SIGN")]
        [True, True, False]
    """
    plain = name.lower().translate(_BLANKS)
    # A torn name may have any sign in it that is no letter; what ends it is enough.
    end = "".join(filter(str.isalnum, plain[-100:]))
    return (
        _OF_OTHERS.search(plain) is not None
        or _TELLING.search(end) is not None
        or any(part in _NAMES for part in re.split(r"[\[\].]", plain))
    )


def is_key(name: str) -> bool:
    """Tell whether a field or a header of that name holds a client key."""
    return any(part in _KEYS for part in re.split(r"[\[\].]", name.lower().translate(_BLANKS)))
