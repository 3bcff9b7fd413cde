"""The comparison of a recording with the sandbox, and the switches that would remove a difference.

Each switch is found by trying it: the recording is played once with every value, and a value is
named where a difference is gone and no new one has come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qftools.compare.differences import KINDS, WORDS, Point, differences
from qftools.compare.playing import CHOSEN, Player
from qftools.compare.recorded import Recorded, read_recording
from qftools.sandbox.gateway.settings import ALIASES, Settings, switches
from qftools.texts import Text

MOST_ROUNDS = 12  # as many switches as one recording may need, one after another
MOST_NUMBERS = 20  # of exchanges that show one difference
# What no answer shows, or what a recording can't tell apart.
_NOT_TRIED = frozenset({"magic", "retry_schedule", "notify_hosts", "notify_cancels", "password"})

_Key = tuple[str, Point]
_Found = dict[_Key, list[int]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the sandbox answers otherwise.

    Attributes:
        endpoint: Of the calls.
        point: What differs.
        exchanges: The places in the recording that show it.
        switches: Each removes it: ``full_refund_again=1264``.
    """

    endpoint: str
    point: Point
    exchanges: tuple[int, ...]
    switches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found.

    Attributes:
        compared: How many exchanges were compared, by endpoint. *left_out*: how many could not be.
        differences: Where the sandbox answers otherwise, by endpoint.
        switches: The values with which most differences are gone. *left*: how many are left then.
    """

    compared: Mapping[str, int]
    left_out: int
    differences: tuple[Difference, ...]
    switches: tuple[str, ...] = ()
    left: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "compared": dict(self.compared),
            "left_out": self.left_out,
            "switches": list(self.switches),
            "left": self.left,
            "differences": [
                {
                    "endpoint": item.endpoint,
                    **item.point._asdict(),
                    "exchanges": list(item.exchanges),
                    "switches": list(item.switches),
                }
                for item in self.differences
            ],
        }

    def say(self, language: str | None = None) -> str:
        """Return it for a terminal, in ``"zh"`` or ``"en"``."""
        lines = [self.summary(language)]
        for endpoint, count in self.compared.items():
            found = [item for item in self.differences if item.endpoint == endpoint]
            lines += ["", f"{endpoint}  {_OF.say(language).format(count=count)}"]
            lines += [f"  {line}" for item in found for line in said(item, language)]
            if not found:
                lines.append("  " + _AGREES.say(language))
        if self.switches:
            lines += ["", advice(self, language)]
        return "\n".join(lines)

    def summary(self, language: str | None = None) -> str:
        """Return in one line what was compared."""
        return _SUMMARY.say(language).format(
            compared=sum(self.compared.values()),
            differences=len(self.differences),
            left_out=self.left_out,
        )

    def __str__(self) -> str:
        return self.say()


_SUMMARY = Text(
    "比较了 {compared} 次请求：{differences} 处不同（{left_out} 次无法比较）",
    "exchanges compared: {compared}; differences: {differences}; not comparable: {left_out}",
)
_OF = Text("（{count} 次）", "({count} exchanges)")
_AGREES = Text("应答一致", "the answers agree")
_NUMBERS = Text("记录：{recorded}；沙盒：{answered}", "recorded: {recorded}; sandbox: {answered}")
_SWITCH = Text("{switch} 与记录的应答一致", "{switch} answers as the recording does")
_ADVICE = Text(
    "qftools sandbox {switches}：还剩 {left} 处不同", "qftools sandbox {switches}: {left} left"
)


def advice(found: Comparison, language: str | None = None) -> str:
    """Return the command that makes the sandbox answer as the recording does."""
    options = " ".join(f"--set {value}" for value in found.switches)
    return _ADVICE.say(language).format(switches=options, left=found.left)


def word(value: str, language: str | None = None) -> str:
    """Return what stands on one side: ours in the language, the gateway's as it is."""
    return WORDS[value].say(language) if value in WORDS else value


def said(item: Difference, language: str | None = None) -> list[str]:
    """Return a difference in lines."""
    point = item.point
    numbers = " ".join(f"#{number}" for number in item.exchanges[:MOST_NUMBERS])
    where = f" {point.where}" if point.where else ""
    values = _NUMBERS.say(language).format(
        recorded=word(point.recorded, language), answered=word(point.answered, language)
    )
    lines = [f"{KINDS[point.kind].say(language)}{where}  {values}  {numbers}"]
    switch = _SWITCH.say(language)
    return lines + [f"  -> {switch.format(switch=f'--set {value}')}" for value in item.switches]


def compare(
    recording: bytes,
    chosen: Mapping[str, str] | None = None,
    *,
    client_key: str = "",
    search: bool = True,
) -> Comparison:
    """Compare a recording with what the sandbox answers to the same requests.

    Nothing is sent: the sandbox is in this process.

    Args:
        recording: As `read_recording` takes it.
        chosen: The sandbox's switches, where they differ from the defaults.
        client_key: The key under the recorded signatures: then these are compared, too.
        search: Whether to look for switches that remove differences.

    Raises:
        InputError: It is no recording.
        SandboxError: There is no such switch or value.
    """
    read = read_recording(recording)
    start = {ALIASES.get(name, name): value for name, value in (chosen or {}).items()}
    trial = _Trial(read.exchanges, client_key)
    first, compared = trial.run(start)
    named, best, left = _searched(trial, start, first) if search else ({}, (), len(first))
    order = list(dict.fromkeys(exchange.endpoint for exchange in read.exchanges))
    found = [
        Difference(endpoint, point, tuple(numbers), tuple(named.get((endpoint, point), ())))
        for (endpoint, point), numbers in first.items()
    ]
    found.sort(key=lambda item: (order.index(item.endpoint), list(KINDS).index(item.point.kind)))
    total = sum(compared.values())
    return Comparison(
        compared, read.left_out + len(read.exchanges) - total, tuple(found), best, left
    )


class _Trial:
    """Plays a recording and compares the answers, again and again."""

    def __init__(self, exchanges: tuple[Recorded, ...], client_key: str) -> None:
        self._exchanges = exchanges
        self._player = Player(exchanges, client_key)
        self._known: dict[tuple[int, int, bytes], tuple[Point, ...]] = {}  # most answers stay

    def run(self, chosen: Mapping[str, str]) -> tuple[_Found, dict[str, int]]:
        """Return the differences with these switches, and how many exchanges were compared."""
        found: _Found = {}
        compared: dict[str, int] = {}
        answers = self._player.play(chosen)
        for exchange, answer in zip(self._exchanges, answers, strict=True):
            if answer is None:
                continue
            compared[exchange.endpoint] = compared.get(exchange.endpoint, 0) + 1
            key = exchange.number, answer.status, answer.body
            if key not in self._known:
                self._known[key] = tuple(dict.fromkeys(differences(exchange.response, answer)))
            for point in self._known[key]:
                found.setdefault((exchange.endpoint, point), []).append(exchange.number)
        return found, compared


def _searched(
    trial: _Trial, start: dict[str, str], first: _Found
) -> tuple[dict[_Key, list[str]], tuple[str, ...], int]:
    """Return the switches of each difference, those that together remove most, and what is left."""
    named: dict[_Key, list[str]] = {}
    chosen, now = dict(start), first
    for _ in range(MOST_ROUNDS):
        if not now:
            break
        gains = []
        for name, value in _alternatives(chosen):
            found, _count = trial.run(chosen | {name: value})
            gone, new = now.keys() - found.keys(), found.keys() - now.keys()
            if gone and len(gone) > len(new):
                gains.append((bool(new), len(new) - len(gone), name, value, gone))
            if gone and not new:
                for key in gone & first.keys():
                    known = named.setdefault(key, [])
                    if f"{name}={value}" not in known:
                        known.append(f"{name}={value}")
        if not gains:
            break
        gains.sort(key=lambda gain: gain[:2])  # first what brings no new difference
        taken: set[_Key] = set()
        for *_gain, name, value, gone in gains:  # those that do not meet are taken at once
            if not taken & gone and (name not in chosen or name in start or not taken):
                chosen[name] = value
                taken |= gone
        now, _count = trial.run(chosen)
    best = tuple(f"{name}={value}" for name, value in chosen.items() if start.get(name) != value)
    return named, best, len(now)


def _alternatives(chosen: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Yield every other value of every switch that an answer can show."""
    settings = dict(Settings({**CHOSEN, **chosen}))
    for switch in switches().values():
        if switch.name not in _NOT_TRIED:
            yield from (
                (switch.name, value) for value in switch.values if value != settings[switch.name]
            )
