"""The nouns of the search: one way to sign wrongly, and what it makes of a request.

Signing is a chain of stages: values, set of fields, order, join, key, charset, hash, output.
A deviation is one stage done otherwise than the gateway does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

Pair = tuple[str, str]
Pairs = tuple[Pair, ...]

UNSIGNED = ("sign", "sign_type")  # fields that the gateway leaves out


class Deviation(NamedTuple):
    """One stage of signing, done otherwise.

    Attributes:
        id: Names the row of the texts: what is wrong and how to mend it.
        detail: What exactly, where a row stands for several: ``"%20, lower case"``.
        field: The field that it is about, where it is about one.
    """

    id: str
    detail: str = ""
    field: str = ""


class Fields(NamedTuple):
    """The fields as they were signed.

    Attributes:
        deviations: How they came about; empty for the fields as they were sent.
        pairs: Name and value, in the order of the wire.
        change: Does the same to other pairs.
        step: When it is done, if two changes are made: of one value, of the set, of all values.
        keyless: The key is among the pairs already, so that none is appended.
        touched: The fields that were changed: two changes of one field are no pair.
    """

    deviations: tuple[Deviation, ...]
    pairs: Pairs
    change: Callable[[Pairs], Pairs]
    step: int = 0
    keyless: bool = False
    touched: frozenset[str] = frozenset()


def changed(
    pairs: Pairs,
    deviation: Deviation,
    change: Callable[[Pairs], Pairs],
    step: int,
    touched: Iterable[str] = (),
    keyless: bool = False,
) -> Fields:
    """*pairs* after one change."""
    return Fields((deviation,), change(pairs), change, step, keyless, frozenset(touched))


class Hash(Protocol):
    """What ``hashlib`` hands out."""

    def update(self, data: bytes, /) -> None: ...
    def copy(self) -> Hash: ...
    def digest(self) -> bytes: ...


class Layout(NamedTuple):
    """How fields become one text: first an order, then a join."""

    deviations: tuple[Deviation, ...]
    order: Callable[[Pairs], list[Pair]]
    join: Callable[[list[Pair]], str]


class Sealing(NamedTuple):
    """How the text becomes a digest: the key in its place, a charset, a hash.

    Attributes:
        before: What stands in front of the text.
        after: What stands behind it: the key.
        digest: Of the bytes that text, ``before`` and ``after`` make.
        hash: The name that says how long the digest is.
        keyed: It takes the key: useless for fields that have it among them.
        plain: The hash itself, where UTF-8 is hashed once and nothing else is done.
    """

    deviations: tuple[Deviation, ...]
    before: str
    after: str
    digest: Callable[[str, str, str], bytes]
    hash: str
    keyed: bool = True
    plain: Callable[[bytes], Hash] | None = None


class Inputs(NamedTuple):
    """What is known of a request whose signature is looked into.

    Attributes:
        pairs: Name and decoded value of every parameter, in the order of the wire.
        endpoint: payment, query, reversal, close or refund; empty where it is not known.
        url: The full address, empty where it is not known.
        body: The raw body.
        algorithm: What the headers announce: MD5 or SHA256.
        app_code: What the headers name, empty where they don't.
        every: The parameters with all doubles, where there are any.
        known: Fields that the account has, with their values: the request may lack them.
    """

    pairs: Pairs
    endpoint: str = ""
    url: str = ""
    body: bytes = b""
    algorithm: str = "MD5"
    app_code: str = ""
    every: Pairs = ()
    known: Pairs = ()
