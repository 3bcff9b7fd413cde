"""The evidence of one order as one page: to attach to a ticket, or to show to the provider.

Shows what the timeline has, redacted; everything from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from qftools import __version__, catalogue, markup
from qftools.exchange import writing
from qftools.exchange.redaction import Redactor
from qftools.markup import Markup, el, join
from qftools.sandbox.books.clock import beijing
from qftools.sandbox.control.timeline import Timeline
from qftools.sandbox.explanations import explanation
from qftools.sandbox.gateway.exchanges import shown
from qftools.sandbox.words import say
from qftools.sequence import sequence, sheet

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.gateway.log import LoggedExchange
    from qftools.sandbox.notifications.notices import Notice
    from qftools.sandbox.report.report import Finding

_FACTS = ("out_trade_no", "syssn", "pay_type", "txdtm", "sysdtm", "paydtm", "mchid", "app_code")


class Evidence:
    """Writes the page.

    Args:
        gateway: Its merchants' keys explain what was refused.
        timeline: Of the order.
        findings: Of the report, about this order.
        redactor: Takes out what must not be shown.
        lang: zh or en.
    """

    def __init__(
        self,
        gateway: Gateway,
        timeline: Timeline,
        findings: Iterable[Finding],
        redactor: Redactor,
        lang: str,
    ) -> None:
        self._gateway = gateway
        self._timeline = timeline
        self._findings = tuple(findings)
        self._redactor = redactor
        self._lang = lang

    def page(self) -> str:
        """Return the page."""
        timeline, entry = self._timeline, self._timeline.entry
        number = self._redactor.words(entry.out_trade_no or entry.syssn)
        calls = [self._call(seen) for seen in reversed(timeline.calls)]
        notices = [self._notice(notice) for notice in reversed(timeline.notices)]
        body = join(
            el("h1", number),
            self._about(),
            None if timeline.is_whole else el("p", self._say("not_whole"), cls="unknown"),
            el("table", *(el("tr", el("th", n), el("td", v)) for n, v in self._facts())),
            el("h2", self._say("timeline")),
            el("div", sequence(timeline.beats(self._lang), self._lang, 1_000), cls="drawing"),
            join(*self._report()),
            el("h2", self._say("tab_exchanges")),
            el("ol", *calls),
            join(el("h2", self._say("tab_notifications")), el("ol", *notices)) if notices else None,
            el("footer", self._say("evidence_note").format(version=__version__)),
        )
        return markup.document(f"{number}: {self._state()}", body, self._lang, sheet(".drawing"))

    def _about(self) -> Markup:
        gateway = self._gateway
        said = el("p", self._say(f"evidence_about{'' if gateway.keeps_the_books else '_tap'}"))
        if not gateway.real_host:
            return said
        real = self._say("real_is").format(url=gateway.real_host)
        return join(said, el("p", el("strong", real)))

    def _facts(self) -> Iterator[tuple[str, str]]:
        entry = self._timeline.entry
        row = entry.row()
        yield self._say("state"), self._state()
        yield "txamt", catalogue.amount(entry.txamt, entry.txcurrcd)
        yield self._say("paid_amount"), str(row.paid)
        yield self._say("refunded_amount"), str(row.refunded)
        yield self._say("query_shows"), f"respcd {row.respcd}, cancel {row.cancel}"
        for name in _FACTS:
            if value := getattr(row, name):
                yield name, self._redactor.words(str(value))

    def _report(self) -> Iterator[Markup]:
        if self._findings:
            yield el("h2", self._say("tab_report"))
        for finding in self._findings:
            rule = finding.rule
            numbers = " ".join(f"#{number}" for number in finding.found.exchanges)
            yield el(
                "p",
                el("b", f"{self._say(f'grade_{rule.grade}')}: {rule.title.say(self._lang)} "),
                f"{finding.found.detail.say(self._lang)} {numbers}",
            )
            yield el("p", rule.why.say(self._lang), " ", rule.advice.say(self._lang))

    def _call(self, seen: LoggedExchange) -> Markup:
        exchange = shown(seen, self._gateway.merchants)
        why = explanation(seen, self._gateway)
        fault = f"{self._say('fault')}: {seen.fault}" if seen.fault else None
        again = self._say("replay_of").format(n=seen.replay_of) if seen.replay_of else None
        verdict = self._say(f"signature_{seen.signature.replace(' ', '_')}")
        return el(
            "li",
            join(el("b", f"#{seen.number} "), el("code", exchange.endpoint), " → "),
            el("b", seen.respcd or "…"),
            *(el("small", part) for part in (beijing(seen.at), again, verdict, fault) if part),
            why and el("p", why.said.say(self._lang)),
            el(
                "details",
                el("summary", self._say("request_and_reply")),
                el("pre", writing.as_text(exchange)),
            ),
            value=seen.number,
        )

    def _notice(self, notice: Notice) -> Markup:
        tried = [
            f"{beijing(attempt.at)} {self._say(f'result_{attempt.result}')} {attempt.status or ''} "
            f"{'' if attempt.result == 'acknowledged' else self._redactor.text(attempt.reply)}"
            for attempt in notice.attempts
        ]
        body = self._redactor.body(notice.body).decode("utf-8", "replace")
        return el(
            "li",
            join(el("b", f"n{notice.id} "), el("code", notice.notify_type), " "),
            self._say(f"notice_{notice.state.replace(' ', '_')}"),
            el("small", self._redactor.url(notice.url)),
            el("pre", "\n".join([*tried, body])),
            value=notice.id,
        )

    def _state(self) -> str:
        return self._say(f"state_{self._timeline.entry.state.value.replace(' ', '_')}")

    def _say(self, name: str) -> str:
        return say(name, self._lang)
