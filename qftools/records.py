"""A cancel as plain data and back: order, walk, questions, exchanges. Lossless, for the journal.

Nothing here reads or writes a file, and what it is given should be redacted already.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from qftools.cancellation import Taken
from qftools.catalogue import Text
from qftools.evidence import Known
from qftools.exchange import Exchange, Request, Response
from qftools.findings import Answer, Difference, Finding
from qftools.models import Order, Transaction
from qftools.policy import Policy
from qftools.routing import Route, route
from qftools.verdicts import Verdict
from qftools.walk import Finished, Step, Walk

Plain = dict[str, Any]

_COUNTERS = ("wait", "looks", "absents", "cancels", "confirms", "opens", "ripe")
_OF_ORDER = tuple(field.name for field in fields(Order) if field.name != "reply")


def of_walk(walk: Walk) -> Plain:
    """Return *walk* as plain data.

    Example:
        >>> walk = Walk(Order("A1", 100, "2026-01-05 10:00:00")).told(Answer(Finding.SILENT))
        >>> to_walk(of_walk(walk)) == walk
        True
    """
    end = walk.end
    return {
        "order": {name: getattr(walk.order, name) for name in _OF_ORDER},
        "policy": walk.policy and asdict(walk.policy),
        "profile": walk.profile,
        "hk_cancel": walk.hk_cancel,
        "step": walk.step.value,
        **{name: getattr(walk, name) for name in _COUNTERS},
        "last_cancel": walk.last_cancel and of_answer(walk.last_cancel),
        "routed": walk.route is not None,
        "known": asdict(walk.known),
        "target": walk.target and {name: getattr(walk.target, name) for name in _OF_ORDER},
        "view": walk.view,
        "today": walk.today,
        "over": walk.over and of_answer(walk.over),
        "searched": list(walk.searched),
        "end": end and {"verdict": end.verdict.value, "reason": end.reason and asdict(end.reason)},
    }


def to_walk(plain: Plain) -> Walk:
    """Return the walk that [of_walk][qftools.records.of_walk] made plain."""
    order = Order(**plain["order"])
    end, last, policy = plain["end"], plain["last_cancel"], plain["policy"]
    return Walk(
        order,
        policy and Policy(**policy),
        plain["profile"],
        plain["hk_cancel"],
        step=Step(plain["step"]),
        **{name: plain[name] for name in _COUNTERS},
        last_cancel=last and to_answer(last),
        route=_route(order, plain) if plain["routed"] else None,
        known=Known(**{name: _frozen(value) for name, value in plain.get("known", {}).items()}),
        target=Order(**plain["target"]) if plain.get("target") else None,
        view=plain.get("view", 0),
        today=plain.get("today"),
        over=to_answer(plain["over"]) if plain.get("over") else None,
        searched=tuple(plain.get("searched", ())),
        end=end and Finished(Verdict(end["verdict"]), _words(end["reason"])),
    )


def _route(order: Order, plain: Plain) -> Route | None:
    # Not kept: it follows from the tables, and its texts may have been improved since.
    if order.pay_type is None:
        return None
    return route(order.pay_type, profile=plain["profile"], hk_cancel=plain["hk_cancel"])


def of_answer(answer: Answer) -> Plain:
    """Return *answer* as plain data."""
    return {
        "finding": answer.finding.value,
        "respcd": answer.respcd,
        "row": None if answer.row is None else dict(answer.row.row),
        "refused": answer.refused,
        "pending": answer.pending,
        "note": answer.note and asdict(answer.note),
        "wait": answer.wait,
        "age": answer.age,
        "signed": answer.signed,
        "differs": [list(each) for each in answer.differs],
        "open": list(answer.open),
        "dead": list(answer.dead),
        "rows": answer.rows,
        "ask_next": answer.ask_next,
    }


def to_answer(plain: Plain) -> Answer:
    """Return the answer that [of_answer][qftools.records.of_answer] made plain."""
    row = plain["row"]
    known = {
        **{name: _frozen(value) for name, value in plain.items()},
        "finding": Finding(plain["finding"]),
        "row": None if row is None else Transaction(row),
        "note": _words(plain["note"]),
        "differs": tuple(Difference(*each) for each in plain.get("differs", ())),
    }
    return Answer(**known)


def _words(plain: Any) -> Text | None:
    # Journals of before the texts had two languages hold English alone.
    if isinstance(plain, str):
        return Text(plain, plain) if plain else None
    return plain and Text(**plain)


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def of_taken(taken: Taken) -> Plain:
    """Return one question with its answer as plain data."""
    return {
        "step": taken.step.value,
        "endpoint": taken.endpoint,
        "at": taken.at,
        "answer": of_answer(taken.answer),
        "exchange": taken.exchange and of_exchange(taken.exchange),
    }


def to_taken(plain: Plain) -> Taken:
    """Return the question that [of_taken][qftools.records.of_taken] made plain."""
    exchange = plain["exchange"]
    return Taken(
        Step(plain["step"]),
        plain["endpoint"],
        to_answer(plain["answer"]),
        plain["at"],
        exchange and to_exchange(exchange),
    )


def of_exchange(exchange: Exchange) -> Plain:
    """Return *exchange* as plain data.

    Bytes become text; those that are not UTF-8 become lone surrogates, which JSON
    carries as escapes, so that no byte is lost.

    Example:
        >>> sent = Request("POST", "https://h/trade/v1/query", (("A", "b"),), b"a=\\xff")
        >>> exchange = Exchange("query", sent, None, "ReadTimeout", 0.0, 3.0)
        >>> to_exchange(of_exchange(exchange)) == exchange
        True
    """
    request, response = exchange.request, exchange.response
    return {
        "endpoint": exchange.endpoint,
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": [list(header) for header in request.headers],
            "body": _text(request.body),
        },
        "response": response
        and {
            "status": response.status,
            "headers": [list(header) for header in response.headers],
            "body": _text(response.body),
        },
        "error": exchange.error,
        "started": exchange.started,
        "seconds": exchange.seconds,
    }


def to_exchange(plain: Plain) -> Exchange:
    """Return the exchange that [of_exchange][qftools.records.of_exchange] made plain."""
    request, response = plain["request"], plain["response"]
    return Exchange(
        plain["endpoint"],
        Request(
            request["method"], request["url"], _headers(request["headers"]), _bytes(request["body"])
        ),
        response
        and Response(response["status"], _headers(response["headers"]), _bytes(response["body"])),
        plain["error"],
        plain["started"],
        plain["seconds"],
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _headers(pairs: list[list[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)
