"""Ways to sign other fields than were sent: more of them, or fewer."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from qftools import catalogue
from qftools.diagnosis.causes.values import FIELD_SET
from qftools.diagnosis.deviations import UNSIGNED, Deviation, Fields, Inputs, Pair, Pairs, changed

# Values that programs sign and then do not send, by field; see _not_sent for the rest.
_USUAL: dict[str, tuple[str, ...]] = {
    "txzone": ("+0800", " 0800", "0800"),
    "udid": ("qiantai2", "0001", "1"),
    "sign_type": ("MD5", "SHA256", "md5", "sha256"),
    "signtype": ("MD5", "SHA256"),
    "sign": ("",),
    "charset": ("utf-8", "UTF-8"),
    "page": ("1", "0"),
    "page_size": ("10", "20", "50", "100"),
    "lang": ("zh", "en", "zh-cn"),
    "format": ("json",),
    "limit_pay": ("no_credit",),
    "pay_tag": ("ALIPAYHK", "ALIPAYCN"),
    "rmb_tag": ("Y",),
    "expired_time": ("5", "10", "30", "60", "120"),
    "respcd": ("0000",),
}
_NOTHING = ("", "None", "null", "undefined")
_FIRST_FIELDS = 80  # fields of a request that are left out one by one
_MOST_SUBSETS = 5000


def fieldset_variants(inputs: Inputs, key: str) -> Iterator[Fields]:
    """Every other set of fields that the rows allow; each differs from what was sent."""
    pairs = inputs.pairs
    if any(value == "" for _name, value in pairs):
        yield _fields(pairs, Deviation("empty-values-dropped"), _without_empty)
    for name, _value in pairs[:_FIRST_FIELDS]:
        deviation = Deviation("sent-not-signed", field=name)
        yield _fields(pairs, deviation, _without(name), {name})
    yield from _twice(inputs)
    for name, value in _not_sent(inputs):
        identifier = "sign-type-included" if name in UNSIGNED else "signed-not-sent"
        yield _fields(
            pairs, Deviation(identifier, value or "empty", name), _and(name, value), {name}
        )
    for name in ("key", "client_key", "app_key", "appkey") if key else ():
        for keyless in (True, False):
            deviation = Deviation("key-as-a-field", name)
            yield _fields(pairs, deviation, _and(name, key), {name}, keyless)


def subsets(inputs: Inputs) -> Iterator[Fields]:
    """Several fields sent and not signed: those at the end first, then any."""
    pairs = inputs.pairs
    names = [name for name, _value in pairs[:_FIRST_FIELDS]]
    ends = [tuple(names[at:]) for at in range(len(names) - 2, 0, -1)]
    sizes = range(2, len(names))
    every = itertools.chain.from_iterable(itertools.combinations(names, size) for size in sizes)
    for left_out in itertools.islice(itertools.chain(ends, every), _MOST_SUBSETS):
        deviation = Deviation("sent-not-signed", field=", ".join(left_out))
        yield _fields(pairs, deviation, _without(*left_out), left_out)
    yield _fields(pairs, Deviation("text-missing"), lambda _pairs: (), names)


def _fields(
    pairs: Pairs,
    deviation: Deviation,
    change: Callable[[Pairs], Pairs],
    touched: Iterable[str] = (),
    keyless: bool = False,
) -> Fields:
    return changed(pairs, deviation, change, FIELD_SET, touched, keyless)


def _without_empty(pairs: Pairs) -> Pairs:
    return tuple([pair for pair in pairs if pair[1] != ""])


def _without(*names: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: tuple([pair for pair in pairs if pair[0] not in names])


def _and(name: str, value: str) -> Callable[[Pairs], Pairs]:
    return lambda pairs: (*pairs, (name, value))


def _twice(inputs: Inputs) -> Iterator[Fields]:
    if not inputs.every:
        return
    names = Counter(name for name, _value in inputs.every)
    double = {name for name, count in names.items() if count > 1}
    field = ", ".join(sorted(double))
    first = tuple(dict(reversed(inputs.every)).items())
    for detail, other in (("every", inputs.every), ("first", first)):
        yield _fields(inputs.pairs, Deviation("field-twice", detail, field), _given(other), double)


def _given(pairs: Pairs) -> Callable[[Pairs], Pairs]:
    return lambda _pairs: pairs


def _not_sent(inputs: Inputs) -> Iterator[Pair]:
    """Fields that this endpoint knows and this request lacks, with the values they usually have."""
    sent = {name for name, _value in inputs.pairs}
    for name, value in inputs.known:
        yield from _lacking(sent, name, (value,))
    if inputs.app_code:
        for name in ("app_code", "appcode", "X-QF-APPCODE"):
            yield from _lacking(sent, name, (inputs.app_code,))
    for name, values in _USUAL.items():
        yield from _lacking(sent, name, values)
    known = [
        field.name
        for field in catalogue.fields(endpoint=inputs.endpoint or "payment", part="request")
    ]
    for name in dict.fromkeys([*known, "mchid", "udid", "txzone", "goods_name"]):
        yield from _lacking(sent, name, _NOTHING)
    yield from _lacking(sent, "txcurrcd", tuple(catalogue.currencies()))
    yield from _lacking(sent, "pay_type", tuple(catalogue.pay_types()))


def _lacking(sent: set[str], name: str, values: tuple[str, ...]) -> Iterator[Pair]:
    if name not in sent:
        for value in values:
            yield name, value
