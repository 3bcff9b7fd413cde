"""The names that a paste is searched for: the gateway's fields and headers, in any case style."""

from __future__ import annotations

from functools import cache, lru_cache

from qftools import catalogue
from qftools.exchange.hidden_fields import KEY_FIELDS
from qftools.patterns import pattern

#: Names of a signature, beside the header's own.
SIGNATURE = pattern(
    r"(?i)(?:x[-_ ]?qf[-_ ]?sign|(?:\w{1,20}[-_.])?sign(?:ature)?|签名(?:结果|值)?"
    r"|(?:md5|sha256)(?:[ _]?value)?|digest)"
)
DIGEST = pattern(r"[0-9A-Fa-f]{64}|[0-9A-Fa-f]{32}")
_LOOKS_SO = pattern(r"[A-Za-z_:@.\[][A-Za-z0-9_.\-\[\] :]{0,63}")
_PLAIN = pattern(r"[^a-z0-9]")
# Words that a log puts beside the fields of a request: in a group with one of them, only known
# names are the request's.
_OF_A_LOG = frozenset(
    [
        "level",
        "severity",
        "logger",
        "message",
        "msg",
        "time",
        "timestamp",
        "ts",
        "date",
        "datetime",
        "thread",
        "caller",
        "trace",
        "traceid",
        "spanid",
        "requestid",
        "reqid",
        "host",
        "hostname",
        "pid",
        "service",
        "app",
        "env",
        "url",
        "uri",
        "requesturl",
        "method",
        "requestmethod",
        "path",
        "endpoint",
        "statuscode",
        "httpcode",
        "duration",
        "elapsed",
        "event",
        "exception",
        "error",
        "file",
        "line",
        "stream",
        "remoteaddr",
        "useragent",
        "contenttype",
    ]
)
_BEYOND = ("sign", "sign_type", "appcode", "app_code", "paysource", "failed_url", "signature")
_HEADERS = ("X-QF-APPCODE", "X-QF-SIGN", "X-QF-SIGNTYPE")


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name without case and punctuation: ``outTradeNo`` and ``out_trade_no`` are one."""
    return _PLAIN.sub("", name.lower())


@cache
def _tables() -> tuple[dict[str, str], dict[str, str]]:
    rows = [field.name for field in catalogue.fields()]
    fields = [name for name in (*rows, *_BEYOND, *KEY_FIELDS) if not name.startswith("X")]
    return {plain(name): name for name in fields}, {plain(name): name for name in _HEADERS}


_COMMON = frozenset(
    {"data", "page", "status", "cancel", "key", "sign", "signature", "userid", "pagesize"}
)


@lru_cache(maxsize=4096)
def field(name: str) -> str:
    """The wire name of a field of the gateway; empty where it is none.

    Example:
        >>> field("outTradeNo"), field("TxAmt"), field("shop")
        ('out_trade_no', 'txamt', '')
    """
    if not _LOOKS_SO.fullmatch(name):  # "$.respcd" is a path
        return ""
    return _tables()[0].get(plain(name), "")


def is_telling(name: str) -> bool:
    """Tell whether a field's name is the gateway's own, and no word of every log."""
    return bool(field(name)) and plain(name) not in _COMMON


@lru_cache(maxsize=4096)
def header(name: str) -> str:
    """The gateway's header that *name* means, in any case style; empty where it is none.

    Example:
        >>> header("HTTP_X_QF_SIGN"), header("xQfAppcode"), header("Host")
        ('X-QF-SIGN', 'X-QF-APPCODE', '')
    """
    if len(name) > 40 or not _LOOKS_SO.fullmatch(name):
        return ""
    return _tables()[1].get(plain(name).removeprefix("http"), "")


def is_of_a_log(name: str) -> bool:
    """Tell whether it is a word of a log record, which is no parameter."""
    return plain(name) in _OF_A_LOG


def is_signature(name: str) -> bool:
    """Tell whether a signature stands behind this name."""
    return len(name) < 40 and SIGNATURE.fullmatch(name.strip()) is not None


@lru_cache(maxsize=4096)
def is_known(name: str) -> bool:
    """Tell whether a name is the gateway's, a header's or a signature's."""
    return bool(field(name) or header(name)) or is_signature(name)
