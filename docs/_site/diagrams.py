"""The diagrams of the site: SVG drawn from the tables, so that a picture cannot be out of date.

Only places are written here; what is joined to what comes from the gateway's states, from the
cancel flow, from routing and from the floors of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from docs._site import floors
from docs._site.svg import Arrow, Box, Point, drawing
from docs._site.words import WORDS
from qftools.cancellation.routing import route
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import NEXT, Step
from qftools.sandbox.books.states import HOLDS, TABLE, Event, State

# ---- the states of an order -------------------------------------------------------------------

_IN_ONE = {State.CREATED: State.WAITING, State.PAYING: State.WAITING}
_PLACES: dict[State, tuple[Point, str]] = {
    State.WAITING: ((130, 250), "qf-progress"),
    State.PAID: ((500, 110), "qf-success"),
    State.REFUNDING: ((500, 30), "qf-progress"),
    State.PARTLY_REFUNDED: ((850, 30), "qf-success"),
    State.REFUNDED: ((850, 110), "qf-caller"),
    State.CANCELLING: ((500, 210), "qf-progress"),
    State.CANCELLED: ((850, 250), "qf-failure"),
    State.EXPIRED: ((640, 375), "qf-failure"),
    State.FAILED: ((640, 440), "qf-failure"),
}
_VIA: dict[tuple[State, State], tuple[Point | None, Point, float]] = {
    (State.WAITING, State.PAID): ((200, 100), (0, 0), 0.6),
    (State.WAITING, State.CANCELLING): (None, (0, -8), 0.5),
    (State.CANCELLING, State.WAITING): ((320, 285), (10, 0), 0.5),
    (State.WAITING, State.CANCELLED): ((500, 345), (90, 0), 0.55),
    (State.WAITING, State.EXPIRED): ((200, 375), (0, 0), 0.6),
    (State.WAITING, State.FAILED): ((110, 440), (0, 0), 0.66),
    (State.CANCELLING, State.CANCELLED): (None, (0, 0), 0.5),
    (State.CANCELLING, State.PAID): (None, (0, 0), 0.5),
    (State.PAID, State.REFUNDING): ((440, 70), (-52, 0), 0.5),
    (State.REFUNDING, State.PAID): ((560, 70), (34, -6), 0.4),
    (State.PAID, State.PARTLY_REFUNDED): (None, (28, 0), 0.5),
    (State.PAID, State.REFUNDED): (None, (0, 10), 0.5),
    (State.REFUNDING, State.PARTLY_REFUNDED): (None, (0, -2), 0.5),
    (State.PARTLY_REFUNDED, State.REFUNDED): (None, (0, 0), 0.5),
}
_HOLD_PLACES: dict[State, tuple[Point, str]] = {
    State.EXPIRED: ((290, 40), "qf-failure"),
    State.HOLD_PENDING: ((110, 130), "qf-progress"),
    State.HELD: ((470, 130), "qf-progress"),
    State.HOLD_CANCELLING: ((310, 240), "qf-progress"),
    State.CANCELLED: ((310, 340), "qf-failure"),
    State.PARTLY_CAPTURED: ((660, 50), "qf-success"),
    State.CAPTURED: ((850, 130), "qf-success"),
    State.RELEASING: ((590, 340), "qf-progress"),
    State.RELEASED: ((850, 240), "qf-failure"),
}
_HOLD_VIA: dict[tuple[State, State], tuple[Point | None, Point, float]] = {
    (State.HOLD_PENDING, State.HOLD_CANCELLING): (None, (36, -8), 0.4),
    (State.HOLD_CANCELLING, State.HOLD_PENDING): ((150, 250), (0, 0), 0.5),
    (State.HOLD_CANCELLING, State.HELD): (None, (20, 0), 0.5),
    (State.HOLD_PENDING, State.CANCELLED): ((50, 340), (0, 0), 0.7),
    (State.HELD, State.CAPTURED): (None, (0, 0), 0.5),
    (State.HELD, State.RELEASED): (None, (0, 0), 0.55),
    (State.HELD, State.RELEASING): ((480, 280), (-4, 0), 0.5),
    (State.RELEASING, State.HELD): ((600, 230), (30, 0), 0.4),
    (State.RELEASING, State.RELEASED): (None, (20, 0), 0.5),
    (State.PARTLY_CAPTURED, State.CAPTURED): (None, (20, 0), 0.5),
}
# Not drawn: the switch cancel_paid, and what the same two boxes say already.
_UNDRAWN = {Event.VOID, Event.REFUND_LOST_PART}
_HIDDEN = {
    (State.REFUNDING, State.REFUNDED),
    (State.PARTLY_REFUNDED, State.REFUNDING),
    (State.RELEASING, State.EXPIRED),
}


def _moves() -> dict[tuple[State, State], list[Event]]:
    """Every change of state in the table, the states of an open order taken as one."""
    moves: dict[tuple[State, State], list[Event]] = {}
    for state, row in TABLE.items():
        for event, cell in row.items():
            for cpm in (False, True):
                new = cell.read(cpm)[0]
                pair = (_IN_ONE.get(state, state), _IN_ONE.get(new, new))
                known = moves.setdefault(pair, [])
                if pair[0] is not pair[1] and event not in known and event not in _UNDRAWN:
                    known.append(event)
    return {pair: events for pair, events in moves.items() if events}


def states(lang: str) -> str:
    """The states of an order, from the gateway's table."""
    return _states(lang, "states title", _PLACES, _VIA, (950, 475))


def holds(lang: str) -> str:
    """The states of a pre-authorisation, from the same table."""
    return _states(lang, "holds title", _HOLD_PLACES, _HOLD_VIA, (950, 370))


def _states(
    lang: str,
    title: str,
    places: dict[State, tuple[Point, str]],
    vias: dict[tuple[State, State], tuple[Point | None, Point, float]],
    size: tuple[float, float],
) -> str:
    boxes = {}
    for state, (at, look) in places.items():
        lines = [WORDS[f"state {state}"].say(lang)]
        large = (150.0, 40.0)
        if state is State.WAITING:
            lines.append(WORDS["state paying"].say(lang))
            large = (150.0, 70.0)
        boxes[state] = Box(at, tuple(lines), look, large)
    arrows = []
    for (start, end), events in _moves().items():
        if (start, end) in _HIDDEN or (start in HOLDS) is not (places is _HOLD_PLACES):
            continue
        via, shift, where = vias.get((start, end), (None, (0, 0), 0.5))
        unsaid = {Event.DECLINE, Event.FAIL}
        if Event.RELEASE in events:
            unsaid.add(Event.RELEASE_LATER)
        shown = [event for event in events if event not in unsaid] or events
        if end is State.FAILED:
            shown = events
        if (start, end) in (
            (State.CANCELLING, State.CANCELLED),
            (State.HOLD_CANCELLING, State.CANCELLED),
        ):
            shown = [Event.CANCEL_DONE]
        if (start, end) == (State.WAITING, State.EXPIRED):
            shown = [Event.TIME_OUT]
        label = " / ".join(WORDS[f"arrow {event}"].say(lang) for event in shown)
        arrows.append(Arrow(boxes[start], boxes[end], label, via, shift, where))
    parts = [arrow.svg() for arrow in arrows] + [box.svg() for box in boxes.values()]
    return drawing(WORDS[title].say(lang), size, parts)


# ---- the cancel flow ----------------------------------------------------------------------------


def walk(lang: str) -> str:
    """The cancel flow: each step, and where each finding leads."""
    parts: list[str] = []
    steps = {
        step: Box(
            (130, 90 + 190 * i),
            (step.value, WORDS[f"walk {step}"].say(lang)),
            "qf-progress",
            (248, 62),
        )
        for i, step in enumerate(NEXT)
    }
    start = Box((130, 18), (WORDS["walk start"].say(lang),), "", (248, 30))
    parts += [Arrow(start, steps[Step.LOOK]).svg(), start.svg()]
    for step, box in steps.items():
        parts += _leaving(step, box, steps, WORDS["walk else"].say(lang))
        parts.append(box.svg())
    return drawing(WORDS["walk title"].say(lang), (950, 588), parts)


def _leaving(step: Step, box: Box, steps: dict[Step, Box], anything_else: str) -> Iterator[str]:
    """What leaves one step: arrows to other steps, and a row of findings with their ends."""
    by_end: dict[Step | Verdict, list[str]] = {}
    for finding, end in NEXT[step].items():
        by_end.setdefault(end, []).append(finding.value)
    chips = []
    for end, findings in by_end.items():
        if end in steps and end is not step:
            label = " · ".join(findings) if len(findings) < 3 else anything_else
            yield Arrow(box, steps[end], label).svg()  # type: ignore[index]
        else:
            chips.append((findings, "↻" if end is step else str(end)))
    x0 = 280.0
    for i, (findings, name) in enumerate(chips):
        x, y = x0 + (i % 3) * 225, box.at[1] - 24 + (i // 3) * 56
        look = "qf-progress" if name == "↻" else _LOOKS[Verdict(name)]
        text = (" · ".join(findings), f"→ {name}" if name != "↻" else f"↻ {step}")
        yield Box((x + 105, y), text, f"qf-chip {look}", (212, 46)).svg()
    yield f'<path class="qf-thin" d="M{box.at[0] + 126},{box.at[1]} L{x0 - 4},{box.at[1]}"/>'


_LOOKS = {
    Verdict.CANCELLED: "qf-failure",
    Verdict.ALREADY_CANCELLED: "qf-failure",
    Verdict.ALREADY_REFUNDED: "qf-caller",
    Verdict.FAILED: "qf-failure",
    Verdict.PAID: "qf-success",
    Verdict.HELD: "qf-unknown",
    Verdict.RELEASED: "qf-failure",
    Verdict.NOT_FOUND: "qf-unknown",
    Verdict.NOT_CANCELLABLE: "qf-unknown",
    Verdict.UNRESOLVED: "qf-unknown",
}


# ---- which call -----------------------------------------------------------------------------

# A pay type that stands for each leaf; routing says where it leads.
_LEAVES = {
    "route alipay": "800108",
    "route wechat cpm": "800208",
    "route wechat mpm": "800201",
    "route other": "800708",
}


_DECIDED: dict[str, tuple[str, float, Point, Point]] = {
    "query": ("qf-progress", 190, (475, 24), (190, 24)),
    "refund": ("qf-success", 150, (130, 130), (80, 112)),
    "nothing": ("qf-failure", 150, (820, 130), (300, 112)),
    "hk": ("qf-caller", 200, (475, 130), (190, 212)),
    "wait": ("qf-unknown", 212, (820, 220), (270, 294)),
    "which": ("qf-caller", 170, (475, 220), (95, 372)),
    "alipay": ("qf-chip", 180, (115, 305), (112, 446)),
    "wechat cpm": ("qf-chip", 180, (355, 305), (112, 496)),
    "wechat mpm": ("qf-chip", 180, (595, 305), (112, 546)),
    "other": ("qf-chip", 180, (835, 305), (112, 596)),
    "reversal": ("qf-unknown", 120, (260, 390), (286, 471)),
    "close": ("qf-unknown", 120, (690, 390), (286, 571)),
    "confirm": ("qf-progress", 300, (475, 480), (190, 664)),
}
"""Look and width of each box of the decision, and its place on a wide page and on a phone."""


def which_call(lang: str) -> str:
    """The decision: query, refund what is paid, else reverse or close by wallet and mode."""
    return _which_call(lang, "wide", (950, 510)) + _which_call(lang, "tall", (380, 694))


def _which_call(lang: str, where: str, size: Point) -> str:
    def say(word: str) -> str:
        return WORDS[word].say(lang)

    assert route("805801").call is None, "the drawing says that Hong Kong has no call"
    boxes = {
        name: Box(wide if where == "wide" else tall, (say(f"route {name}"),), look, (width, 42))
        for name, (look, width, wide, tall) in _DECIDED.items()
    }
    query, hong_kong, which = boxes["query"], boxes["hk"], boxes["which"]
    parts = [
        Arrow(query, boxes["refund"], say("route paid")).svg(),
        Arrow(query, boxes["nothing"], say("route dead")).svg(),
        Arrow(query, hong_kong, say("route open"), where=0.5 if where == "wide" else 0.75).svg(),
        Arrow(hong_kong, boxes["wait"], say("route yes")).svg(),
        Arrow(hong_kong, which, say("route no")).svg(),
    ]
    for word, pay_type in _LEAVES.items():
        leaf = boxes[word.removeprefix("route ")]
        parts.append(Arrow(leaf, boxes[route(pay_type).call or ""]).svg())
        if where == "wide":
            parts.append(Arrow(which, leaf).svg())
        else:  # one way down along the left edge, and a branch to each
            y = leaf.at[1]
            parts.append(f'<path d="M10,393 V{y} H21" marker-end="url(#qf-head)"/>')
    if where == "wide":
        parts.append(Arrow(boxes["reversal"], boxes["confirm"]).svg())
    else:  # not through the other call
        parts.append('<path d="M346,471 H366 V664 H343" marker-end="url(#qf-head)"/>')
    parts.append(Arrow(boxes["close"], boxes["confirm"]).svg())
    return drawing(
        say("route title"), size, [*parts, *(box.svg() for box in boxes.values())], where
    )


DIAGRAMS: dict[str, Callable[[str], str]] = {
    "floors": floors.drawn,
    "holds": holds,
    "states": states,
    "walk": walk,
    "which-call": which_call,
}
