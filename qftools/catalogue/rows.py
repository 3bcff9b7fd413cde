"""The row types of the catalogue: what one line of each data file becomes.

Nothing here reads a file or knows a rule; every row is immutable and names its source. Rows with
a mapping in them are dataclasses, so that they have a hash all the same; named tuples load faster.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

from qftools.texts import Text as Text

Call = Literal["reversal", "close", "ask", "none", "unlisted"]
Mode = Literal[
    "cpm",
    "mpm",
    "jsapi",
    "mini",
    "app",
    "wap",
    "web",
    "h5",
    "online",
    "card-present",
    "preauth",
    "data-collection",
]
Region = Literal["all", "overseas", "CN", "HK", "ID", "JP", "MY", "SG", "TH"]
Endpoint = Literal[
    "payment",
    "query",
    "reversal",
    "close",
    "refund",
    "authtrade",
    "unfreeze",
    "notification",
    "redirect",
]
Part = Literal["request", "answer", "row", "header", "answer-header"]
Profile = Literal["seed", "docs-2026-02", "docs-2026-late", "2017"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
Kind = Literal["success", "progress", "failure", "unknown", "caller"]
RowState = Literal["paid", "open", "cancelled", "refunded", "failed", "expired", "unclear"]


def _nothing() -> Mapping[str, Code]:
    return MappingProxyType({})


CALL_ENDPOINTS: tuple[Endpoint, ...] = (
    "payment",
    "query",
    "reversal",
    "close",
    "refund",
    "authtrade",
    "unfreeze",
)
"""The calls; ``"*"`` stands for all of them. The last two are those of holds."""

CARDS = ("card", "apple-pay", "amex", "unionpay-card")
"""The wallets that are cards: a refund of the same day is a void (docs2026; live ECR pages)."""


def spread(endpoints: Sequence[Endpoint]) -> Sequence[Endpoint]:
    """Return the endpoints that a row names, with ``["*"]`` written out."""
    return CALL_ENDPOINTS if "*" in endpoints else endpoints


def filled(row: Mapping[str, Any], templates: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return a code's line with what it leaves to the template that it is *like*.

    The line's own values take precedence. Of a template's readings only those of the code's
    endpoints are used.
    """
    whole = {**templates[row["like"]], **row} if "like" in row else dict(row)
    whole.pop("like", None)
    if "like" in row and "at" not in row and "at" in whole:
        occurs = spread(row.get("endpoints", ()))
        whole["at"] = {e: reading for e, reading in whole["at"].items() if e in occurs}
    return whole


@dataclass(frozen=True, slots=True, kw_only=True)
class PayType:
    """One value of ``pay_type``: a wallet in one mode, and what cancels it.

    Attributes:
        code: Six digits, as sent.
        wallet: Key of the wallet in ``wallets()``; ``"auto"`` lets the gateway recognise it.
        mode: How the payer pays: cpm (the shop scans the payer), mpm (the payer scans the
            shop), jsapi, mini, app, wap, web, h5, online, card-present, preauth or
            data-collection.
        regions: Where it is sold: ISO country codes, ``"overseas"`` or ``"all"``; empty when
            no source limits it.
        hk_only: Listed for Hong Kong alone, where by inference nothing can be cancelled (C20).
        cancel: The call that cancels it, by profile. ``"ask"``: close, after asking the
            provider; ``"none"``: published as not cancellable; ``"unlisted"``: no source says.
        sure: How well the ``"seed"`` entry is founded.
        refund: Whether a paid order can be refunded through the API.
        partial_refund: No source bars a refund of a part.
        expiry_field: ``expired_time`` is honoured.
        above_one_unit: The amount must exceed HKD 1.00 or MYR 1.00.
        legacy: Only in old editions of the documents.
        dispute: Disagreements between sources that touch this row; keys of ``disputes()``.
    """

    code: str
    wallet: str
    mode: Mode
    name: Text
    cancel: Mapping[str, str] = field(hash=False)
    sure: Literal["published", "inferred", "ask", "unlisted"]
    source: str
    regions: tuple[Region, ...] = ()
    hk_only: bool = False
    refund: Literal["yes", "no", "disputed"] = "yes"
    partial_refund: bool = True
    expiry_field: bool = False
    above_one_unit: bool = False
    legacy: bool = False
    dispute: tuple[str, ...] = ()
    note: Text | None = None


class Wallet(NamedTuple):
    """A wallet, card scheme or bank network behind pay types.

    Attributes:
        families: First four digits of its pay types.
        auth_code_prefixes: What its payment code begins with; empty when unknown. Prefixes
            change: use them to explain, never to reject a code.
        auth_code_lengths: How long its payment code can be; empty when unknown.
        refund_days: How long after payment a refund is possible; None when no source says.
        currencies: What it pays in, where the region leaves no choice; empty means any.
    """

    key: str
    name: Text
    source: str
    families: tuple[str, ...] = ()
    auth_code_prefixes: tuple[str, ...] = ()
    auth_code_lengths: tuple[int, ...] = ()
    refund_days: int | None = None
    currencies: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()
    dispute: tuple[str, ...] = ()
    note: Text | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One value of ``respcd``: what it says, and what to do next.

    Some codes mean different things on different endpoints; ``on()`` gives the reading
    for one of them.

    Attributes:
        kind: success; progress (query again); failure (definite, nothing happened);
            unknown (the outcome is unknown: query before anything else); caller (the request or
            the
            account is wrong; nothing happened).
        endpoints: Where it is documented: payment, query (of a row, or of the query itself
            when that was refused), reversal, close, refund, or ``"*"``.
        row: What the code says in a row of a query about the order of that row;
            "unclear" where it is no result of a payment, so that it proves nothing.
        catalogue: A is in every current document, B only in older ones.
        money_moved: Whether the payer has been charged for the order, as far as this code
            tells.
        ask_again_safe: The very same call may be sent once more without a second effect.
        advice: What to do next.
        was: What it meant in older editions (C33).
        at: Readings that hold on one endpoint only; see ``on()``.
    """

    code: str
    meaning: Text
    kind: Kind
    endpoints: tuple[str, ...]
    row: RowState
    catalogue: Literal["A", "B"]
    money_moved: Literal["yes", "no", "maybe"]
    ask_again_safe: bool
    advice: Text
    source: str
    dispute: tuple[str, ...] = ()
    was: Text | None = None
    at: Mapping[str, Code] = field(default_factory=_nothing, hash=False, repr=False)

    def on(self, endpoint: str) -> Code:
        """Return the reading of this code on *endpoint*; the row itself when nothing differs.

        Example:
            >>> from qftools import catalogue
            >>> busy = catalogue.codes()["1297"]
            >>> busy.kind, busy.on("close").kind
            ('unknown', 'failure')
        """
        return self.at.get(endpoint, self)

    def of_reply(self, endpoint: str) -> Code:
        """Return the reading of this code where it is a whole reply's.

        The 0000 of a query says nothing of an order: each row has a code of its own.

        Example:
            >>> from qftools import catalogue
            >>> catalogue.codes()["0000"].of_reply("query").meaning.en
            'the query worked; each row says how its order stands'
        """
        read = self.on(endpoint)
        is_outer = endpoint == "query" and self.code == "0000"
        return replace(read, meaning=_QUERY_WORKED, money_moved="maybe") if is_outer else read


_QUERY_WORKED = Text(
    "查询成功；订单的状态在每一行里", "the query worked; each row says how its order stands"
)


class Field(NamedTuple):
    """One parameter, answer key, query row key or header.

    Attributes:
        endpoint: one of ``CALL_ENDPOINTS``, notification (what the gateway
            posts to the merchant) or redirect (what the payer's browser brings back).
        part: request, answer, row (of a query), header (of the request) or answer-header.
        required: yes, no, one-of (at least one of its group) or conditional (see *meaning*).
        length: The documented maximum in characters (digits for Int); None when none is given.
        flow: For which pay types it applies; empty means all.
    """

    endpoint: Endpoint
    part: Part
    name: str
    required: Literal["yes", "no", "one-of", "conditional"]
    type: str
    meaning: Text
    source: str
    length: int | None = None
    example: str = ""
    flow: tuple[str, ...] = ()
    dispute: tuple[str, ...] = ()


class Currency(NamedTuple):
    """A value of ``txcurrcd``. ``txamt`` counts units of 10 to the power -minor_digits."""

    code: str
    minor_digits: int
    name: Text
    source: str
    dispute: tuple[str, ...] = ()
    note: Text | None = None


class Environment(NamedTuple):
    """A host of the gateway.

    Attributes:
        kind: test, production, card-simulation or old. A test host is no sandbox.
        moves_money: Payers are really charged there, on the test hosts too.
    """

    key: str
    region: Text
    kind: Literal["test", "production", "card-simulation", "old"]
    base_url: str
    moves_money: bool
    source: str
    note: Text | None = None


class Elsewhere(NamedTuple):
    """A documented path or host of the provider that this tool does not call.

    Attributes:
        place: A path, which stands for everything below it, or a host.
        link: The page that describes it.
    """

    place: str
    name: Text
    link: str
    source: str


class Reading(NamedTuple):
    """What one source says about a disputed rule.

    Attributes:
        date: When the source said so, in the order of its tags.
        where: Page or section, and the language where the languages differ; empty when the
            source has one page only, or says it throughout.
    """

    source: str
    date: str
    says: Text
    where: str = ""


class Dispute(NamedTuple):
    """A rule on which the sources disagree, and the reading that qftools takes.

    Attributes:
        default: What the client and the sandbox do.
        switch: Name of the switch that selects another reading; None when there is none.
    """

    id: str
    topic: Text
    readings: tuple[Reading, ...]
    default: Text
    source: str
    switch: str | None = None


class Switch(NamedTuple):
    """A setting that selects another reading of a disputed rule.

    Attributes:
        default: The value in force when nothing is set; always one of *values*.
        values: Every value of a choice; examples when *kind* is count.
        kind: choice (one of *values*) or count (any whole number from 0).
        where: Who has it: the sandbox, or the client alone.
    """

    name: str
    default: str
    values: tuple[str, ...]
    meaning: Text
    source: str
    kind: Literal["choice", "count"] = "choice"
    where: Literal["sandbox", "client"] = "sandbox"
    dispute: tuple[str, ...] = ()


class Source(NamedTuple):
    """A document or program that rows quote, by its tag."""

    tag: str
    name: Text
    date: str


class PageError(NamedTuple):
    """A mistake on the vendor's cancel page. *how* is read, run or both."""

    id: str
    text: Text
    how: Literal["read", "run", "read and run"]
    source: str
