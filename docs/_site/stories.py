"""The live flow of the home page: every story that a reader can play there, as one graph.

The real flow is played on the real sandbox when the site is built. At each state every act is
tried; states that look alike now and in every future are one node. The page's script only walks.

An address such as ``800201.slow.nnrpn`` names a story: the pay type, what the wallet does, and
the acts in order, one letter each.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

from qftools import catalogue
from qftools.cancellation.outcome import Outcome
from qftools.cancellation.verdicts import Verdict
from qftools.cancellation.walk import Ask, Step, Wait, Walk
from qftools.cli.demonstration import NOT_CANCELLABLE, PAY_TYPES
from qftools.locale import text
from qftools.sandbox import Sandbox
from qftools.sequence import LANES, Beat, Line
from qftools.story import BY_HAND, Played, Story

LATER = 7_200.0
"""How many seconds later a cancel is resumed: by then every order that is unpaid is over."""

MOST_LOST = {"800101.good": 2, "800201.good": 2, "801801.good": 2}
"""How many messages a reader can lose in one story, by its root; one where it is not here."""


class Wallet(NamedTuple):
    """How the wallet behaves: a number of the sandbox's table, and whether queries are answered."""

    number: int
    silent: bool = False


WALLETS: dict[str, Wallet] = {
    "good": Wallet(BY_HAND),
    "slow": Wallet(77011),
    "early": Wallet(77005),
    "lies": Wallet(77015),
    "refuses": Wallet(77016),
    "silent": Wallet(BY_HAND, silent=True),
    "keeps": Wallet(77071),
}
"""What can be chosen for the wallet, by its part of an address."""


ON_HOLD = "801801"
"""A pre-authorisation: what the payer confirms is held, and released where it is cancelled."""


def roots() -> Iterator[str]:
    """Yield the beginning of each story: pay type and wallet. What cancels nothing has one way."""
    for pay_type in PAY_TYPES:
        yield from (f"{pay_type}.{wallet}" for wallet in WALLETS if wallet != "keeps")
    for pay_type in NOT_CANCELLABLE:
        yield from (f"{pay_type}.{wallet}" for wallet in ("good", "silent"))
    yield from (f"{ON_HOLD}.{wallet}" for wallet in ("good", "keeps"))


STORIES = {
    "reply": "800101.good.rpn",
    "early": "800101.early.nnnn",
    "refuses": "800101.refuses.nnnn",
    "cancel reply": "800101.good.nnrn",
    "slow": "800201.slow.nnnpn",
    "request": "800101.good.qnnn",
    "declines": "800108.good.ndn",
    "silent": "800101.silent.nnnnnnnnn",
    "expired": "800101.refuses.nnnnln",
    "refunded": "800101.good.npfn",
    "released": "801801.good.npnnn",
    "held": "801801.keeps.nnnn",
}
"""The stories that pages tell of, by name: the first three are the buttons of the home page."""

NEXT, REQUEST_LOST, REPLY_LOST, LATER_ON, REFUND = "n", "q", "r", "l", "f"
PAYERS = {"p": "pay", "t": "type_password", "d": "decline"}
_LOST = {REQUEST_LOST: "lost before", REPLY_LOST: "lost after"}


@dataclass(frozen=True, slots=True)
class State:
    """Where a story stands: all that it takes to go on from there."""

    snapshot: Any
    played: Played
    lost: int
    resumed: bool
    knows: str


class Stage:
    """Plays the stories of one root on one sandbox.

    Args:
        root: Pay type and wallet.
    """

    def __init__(self, root: str) -> None:
        pay_type, wallet = root.split(".")
        self.wallet, self.most_lost = WALLETS[wallet], MOST_LOST.get(root, 1)
        self.story = Story(Sandbox())
        self.story.pay_type, self.story.payer = pay_type, self.wallet.number
        self.lost, self.resumed, self.knows = 0, False, "nothing"

    def state(self) -> State:
        """Return where the story stands, without what was drawn on the way."""
        played = replace(self.story.played, beats=(), steps=self.story.played.steps[-1:])
        snapshot = self.story.sandbox._keeping.snapshot()
        return State(snapshot, played, self.lost, self.resumed, self.knows)

    def put(self, state: State) -> None:
        """Go on from *state*."""
        self.story.sandbox._keeping.restore(state.snapshot)
        self.story.played = state.played
        self.lost, self.resumed, self.knows = state.lost, state.resumed, state.knows

    # ---- what can be done ---------------------------------------------------------------

    def acts(self) -> Iterator[str]:
        """Yield the letter of each act that is possible here."""
        story = self.story
        verdict = story.outcome.verdict if story.outcome else None
        if verdict is None:
            yield NEXT
            if self.lost < self.most_lost and not self._unheard:
                yield from _LOST
        elif verdict in _CAN_RESUME and not self.resumed:
            yield LATER_ON
        books = story.played.books
        if books in PAYABLE:
            yield "p"
            if verdict is None and books in ("waiting", "paying"):
                yield "d" if books == "paying" else "t"
        if books == "paid" and verdict is None and story.played.walk and self._refundable:
            yield REFUND

    def act(self, letter: str) -> tuple[Beat, ...]:
        """Do one act, and return what happened."""
        before = len(self.story.played.beats)
        _ACTS[letter](self, letter)
        return self.story.played.beats[before:]

    def _next(self, letter: str) -> None:
        story, walk = self.story, self.story.played.walk
        if walk is not None and isinstance(walk.action, Wait):
            story.next()
        fault, on = _LOST.get(letter, ""), "*"
        if self._unheard:
            fault, on = "lost after", "query"
        with story.sandbox.fault(fault, on=on) if fault else nullcontext():
            story.next()
        self.lost += letter in _LOST
        self.knows = _knows(story.played)

    def _pays(self, letter: str) -> None:
        getattr(self.story.sandbox.payer(self.story.played.order), PAYERS[letter])()
        self.story.look()

    def _later(self, _letter: str) -> None:
        story = self.story
        assert story.played.walk is not None
        started = story.client.clock()
        story.client.pause(LATER)
        story.played = replace(story.played, walk=story.played.walk.resumed(), steps=())
        self.lost, self.resumed = self.most_lost, True
        wait = Line("merchant", "merchant", "2 h", "wait", started, "wait")
        story._add(Beat("WAIT", (wait, *story._happened()), "2 h"))

    def _refund(self, _letter: str) -> None:
        order = self.story.played.order
        assert order is not None
        syssn = self.story.sandbox.order(order).syssn  # another till, which had the reply
        self.story.client.refund(replace(order, syssn=syssn))
        self.story.look()

    @property
    def _unheard(self) -> bool:
        return self.wallet.silent and not self.resumed

    @property
    def _refundable(self) -> bool:
        return catalogue.pay_types()[self.story.pay_type].refund != "no"


_ACTS: dict[str, Callable[[Stage, str], None]] = {
    **dict.fromkeys((NEXT, *_LOST), Stage._next),
    **dict.fromkeys(PAYERS, Stage._pays),
    LATER_ON: Stage._later,
    REFUND: Stage._refund,
}
PAYABLE = {"waiting", "paying", "cancelling", "hold pending", "hold cancelling"}
_CAN_RESUME = {Verdict.UNRESOLVED, Verdict.NOT_FOUND, Verdict.NOT_CANCELLABLE}


# ---- all of them ------------------------------------------------------------------------------


Words = tuple[str, str]
"""The same words in Chinese and in English."""


class Drawn(NamedTuple):
    """One arrow, or a wait where it starts and ends at one lane; see `qftools.sequence.Line`."""

    start: int
    end: int
    words: Words
    look: str


class Part(NamedTuple):
    """One step as it is drawn: its name, when it begins after the act, and its lines."""

    name: str
    after: float
    lines: tuple[Drawn, ...]


class Ended(NamedTuple):
    """A verdict: its name, whether the payer was charged, and what it says."""

    verdict: str
    charged: str
    meaning: Words
    remarks: Words
    advice: Words


class View(NamedTuple):
    """What a reader sees of a state.

    Attributes:
        knows: What the merchant knows; a key of the words.
        books: The state of the order in the gateway's books, empty where there is no order.
        next: The step that comes next, with its endpoint; empty at the end.
        ended: The verdict, once there is one.
    """

    knows: str
    books: str
    next: str
    ended: Ended | None


class Edge(NamedTuple):
    """What an act does: what to draw, how long it takes, and the number of the next node."""

    parts: tuple[Part, ...]
    seconds: float
    to: int


Node = tuple[View, dict[str, Edge]]


def view(stage: Stage) -> View:
    """Return what a reader sees now."""
    played = stage.story.played
    return View(stage.knows, played.books, _comes(played.walk), _ended(stage.story.outcome))


def _knows(played: Played) -> str:
    if not played.steps:
        return "SILENT" if played.beats[-1].told == "SILENT" else "placed"
    last = played.steps[-1]
    return f"cancel {last.finding}" if last.step is Step.CANCEL else str(last.finding)


def _comes(walk: Walk | None) -> str:
    if walk is None:
        return "PAY payment"
    ask = walk.waited().action
    return f"{walk.step} {ask.endpoint}" if isinstance(ask, Ask) else ""


def _ended(outcome: Outcome | None) -> Ended | None:
    if outcome is None:
        return None
    return Ended(
        outcome.verdict.value,
        outcome.charged,
        _words(outcome.meaning.say),
        _words(lambda lang: " ".join(outcome.remarks(lang))),
        _words(outcome.advice),
    )


def _words(say: Callable[[str], str]) -> Words:
    return say("zh"), say("en")


def do(stage: Stage, letter: str) -> tuple[tuple[Part, ...], float]:
    """Do one act; return what to draw, and how many seconds it took."""
    clock = stage.story.client.clock
    began = clock()
    parts = tuple(
        Part(beat.name, beat.lines[0].at - began if beat.lines else 0.0, _drawn(beat.lines))
        for beat in stage.act(letter)
    )
    return parts, clock() - began


def _drawn(lines: tuple[Line, ...]) -> tuple[Drawn, ...]:
    return tuple(
        Drawn(
            LANES.index(line.start),
            LANES.index(line.end),
            _words(partial(_label, line)),
            " ".join(filter(None, (line.kind, line.tone, "lost" if line.lost else ""))),
        )
        for line in lines
    )


def _label(line: Line, lang: str) -> str:
    if line.kind == "wait":
        return text("wait {time}", lang).format(time=line.words)
    said = text(line.words, lang)
    return f"{said} · {text('lost', lang)}" if line.lost and line.words != "no reply" else said


def key(stage: Stage) -> tuple[Any, ...]:
    """Return all that decides about the future of a state, and nothing else.

    Times are left out: no order expires before it is resumed. What a wallet allows only after a
    while is there until the cancel is sent.
    """
    story, walk = stage.story, stage.story.played.walk
    books: tuple[Any, ...] = ()
    if story.played.books:
        entry = story.sandbox._entry(story.played.order)
        books = (entry.state, entry.hidden, entry.on_cancel, tuple(map(str, entry.plan)))
    return (stage.lost, stage.resumed, *view(stage), books, _will_ask(stage, walk))


def _will_ask(stage: Stage, walk: Walk | None) -> tuple[Any, ...]:
    if walk is None:
        return ()
    last = walk.last_cancel
    known = (last and (last.finding, last.refused, last.respcd), walk.order.syssn is None)
    if walk.end is not None:
        return known
    early = 0.0
    if walk.patience.cancel_after and not (walk.ripe or walk.cancels):
        early = stage.story.client.clock()
    looks = walk.looks if stage.wallet.silent else min(walk.looks, 3)
    looked = (looks, walk.absents, walk.known.found) if walk.step is Step.LOOK else ()
    return (
        *known,
        *looked,
        early,
        walk.wait,
        walk.ripe,
        walk.opens,
        walk.route and walk.route.call,
        min(walk.confirms, 3),
        walk.view,
    )


def explore(root: str) -> list[Node]:
    """Return every state of one root, the first one first, with what each act does there."""
    stage = Stage(root)
    found, todo = {key(stage): 0}, [stage.state()]
    nodes: list[Node] = []
    while len(nodes) < len(todo):
        here = todo[len(nodes)]
        stage.put(here)
        seen, edges = view(stage), {}
        for letter in tuple(stage.acts()):
            stage.put(here)
            parts, seconds = do(stage, letter)
            there = key(stage)
            if there not in found:
                found[there] = len(todo)
                todo.append(stage.state())
            edges[letter] = Edge(parts, seconds, found[there])
        nodes.append((seen, edges))
    return nodes


def merged(nodes: list[Node]) -> list[int]:
    """Return a class for each node: equal for those that look alike now and in every future."""
    classes, count = [0] * len(nodes), 0
    while True:
        signs: dict[Any, int] = {}
        classes = [
            signs.setdefault(
                (
                    seen,
                    *((letter, e.parts, e.seconds, classes[e.to]) for letter, e in edges.items()),
                ),
                len(signs),
            )
            for seen, edges in nodes
        ]
        if len(signs) == count:
            return classes
        count = len(signs)


class Table(list[Any]):
    """Values that are written once and then named by their number."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """Return the number of *value*."""
        if value not in self._known:
            self._known[value] = len(self)
            self.append(value)
        return self._known[value]


@cache
def graph() -> Mapping[str, Any]:
    """Return the graph as data for the page.

    It takes some seconds to make, so it is kept in ``.make/`` until the package changes.
    """
    kept = _CACHE / f"stories-{_fingerprint()}.json"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(made(), ensure_ascii=False, separators=(",", ":")), "utf-8")
        fresh.replace(kept)  # two builds at once each write a whole one
        for old in _CACHE.glob("stories-*.json"):
            if old != kept:
                old.unlink(missing_ok=True)
    data: dict[str, Any] = json.loads(kept.read_text("utf-8"))
    return data


_ROOT = Path(__file__).resolve().parents[2]
_CACHE = _ROOT / ".make"


def _fingerprint() -> str:
    """Return a digest of all that decides what the graph says."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(_ROOT.joinpath("qftools").rglob("*")):
        if path.suffix in (".py", ".json", ".mo"):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def made() -> dict[str, Any]:
    """Make the graph: everything in it is written once."""
    nodes: list[Node] = []
    firsts: dict[str, int] = {}
    for root in roots():
        firsts[root] = base = len(nodes)
        for shown, edges in explore(root):
            moved = {letter: e._replace(to=e.to + base) for letter, e in edges.items()}
            nodes.append((shown, moved))
    classes = merged(nodes)
    words, lines, parts, views, steps = Table(), Table(), Table(), Table(), Table()

    def part(each: Part) -> int:
        drawn = tuple(
            lines.number((line.start, line.end, words.number(line.words), line.look))
            for line in each.lines
        )
        return parts.number((each.name, each.after, drawn))

    def seen(each: View) -> int:
        ended = each.ended and (
            each.ended.verdict, each.ended.charged, *map(words.number, each.ended[2:])
        )  # fmt: skip
        return views.number((each.knows, each.books, each.next, ended))

    kept: dict[int, Any] = {}
    for (shown, edges), number in zip(nodes, classes, strict=True):
        kept.setdefault(
            number,
            [
                seen(shown),
                {
                    letter: [
                        steps.number((e.seconds, tuple(map(part, e.parts)))),
                        classes[e.to],
                    ]
                    for letter, e in edges.items()
                },
            ],
        )
    return {
        "roots": {root: classes[first] for root, first in firsts.items()},
        "amounts": {root: _amount(root) for root in firsts},
        "nodes": [kept[number] for number in range(len(kept))],
        "views": views,
        "steps": steps,
        "parts": parts,
        "lines": lines,
        "words": words,
    }


def _amount(root: str) -> str:
    wanted = Stage(root).story.payment()
    return catalogue.amount(wanted["txamt"], wanted["txcurrcd"])


class Walked(NamedTuple):
    """A story as the graph has it: its nodes, with the step that led to each; None to the first."""

    nodes: tuple[int, ...]
    steps: tuple[int | None, ...]


def walked(address: str) -> Walked:
    """Walk a story through the graph.

    Raises:
        KeyError: There is no such root, or an act is not possible there.
    """
    root, _, path = address.rpartition(".")
    nodes, steps = [graph()["roots"][root]], [None]
    for letter in path:
        step, to = graph()["nodes"][nodes[-1]][1][letter]
        nodes.append(to)
        steps.append(step)
    return Walked(tuple(nodes), tuple(steps))
