"""The certificate of an exam: one page that needs nothing else, in Chinese or English.

Shows what was found; decides nothing. Whatever came from a shop is escaped.
"""

from __future__ import annotations

import qftools
from qftools.catalogue import amount
from qftools.exam.judging import Judgement, Lesson
from qftools.exam.results import Sheet, documentation, summary, where
from qftools.exam.situations import CURRENCY, say
from qftools.markup import Markup, el, join
from qftools.texts import mark, spoken, text


def as_html(sheet: Sheet) -> str:
    """Return the page, in the language in use."""
    title = text("Exam passed") if sheet.passed else text("Exam not passed")
    level = say(sheet.level) if sheet.level else text("chosen situations")
    headline = f"{title}{_COLON[spoken()]}{level}"
    if left := sheet.counts().get("skipped", 0):
        headline = text("{headline} ({count} not run)").format(headline=headline, count=left)
    counts = "  ".join(f"{say(name)} {count}" for name, count in sheet.counts().items())
    facts = {
        text("shop"): el("code", sheet.shop),
        text("level"): level,
        text("result"): counts,
        text("cost"): amount(sheet.cost, CURRENCY) if sheet.cost else "0",
        "qftools": qftools.__version__,
        text("seed"): str(sheet.seed),
    }
    heads = ("", text("situation"), text("believed"), text("books"), text("result"))
    return _PAGE.format(
        lang="zh-CN" if spoken() == "zh" else "en",
        title=el("title", f"qftools exam: {headline}"),
        body=join(
            el("p", text("Exam of a shop against the bad days of a payment gateway"), cls="over"),
            el("h1", headline, cls="passed" if sheet.passed else "failed"),
            el("table", *(el("tr", el("th", f), el("td", v)) for f, v in facts.items())),
            el(
                "table",
                el("thead", el("tr", *(el("th", head, scope="col") for head in heads))),
                el("tbody", *map(_row, sheet.judged)),
                cls="days",
            ),
            el("footer", text(_NOTE)),
        ),
    )


def _row(one: Judgement) -> Markup:
    day = one.day
    about = [el("b", day.title()), el("small", f"{day.wallet()} · {say(day.level)}")]
    if one.result == "skipped":
        about.append(el("p", say(one.why)))
    elif one.result != "passed":
        about += [*(_wrong(lesson, one) for lesson in one.wrong), _evidence(one)]
    run = one.result != "skipped"
    return el(
        "tr",
        el("td", day.id),
        el("td", *about),
        el("td", say(one.belief or "broken") if run else "", data_head=text("believed")),
        el("td", say(one.truth) if run else "", _cost(one), data_head=text("books")),
        el("td", say(one.result), cls=one.result, data_head=text("result")),
        id=day.id,
    )


def _cost(one: Judgement) -> Markup | None:
    said = f"{text('cost')}{_COLON[spoken()]}{one.price}"
    return el("small", said) if one.price else None


def _wrong(lesson: Lesson, one: Judgement) -> Markup:
    found = [el("p", detail) for detail in one.shown_by(lesson)]
    link: Markup | str = where(lesson)
    if documentation():
        link = el("a", text("The rule"), href=where(lesson))
    return el(
        "div",
        el("p", el("strong", lesson.title.say())),
        *found,
        el("p", lesson.why.say()),
        el("p", f"→ {lesson.advice.say()}"),
        el("p", link),
        cls="wrong",
    )


def _evidence(one: Judgement) -> Markup:
    lines = "\n".join((summary(one), *(seen.whole() for seen in one.evidence), one.said))
    return el(
        "details", el("summary", text("Evidence")), el("pre", lines), el("p", one.day.right())
    )


_NOTE = mark("On qftools' sandbox gateway, with no real money. The same seed gives the same exam.")
_COLON = {"zh": "：", "en": ": "}
_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
{title}
<style>
:root {{ color-scheme: light dark;
  --line: #8884; --good: #1a7f37; --bad: #cf222e; --mild: #9a6700; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --good: #3fb950; --bad: #ff7b72; --mild: #d29922; }} }}
body {{ font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
.over {{ margin: 0; opacity: .75; }}
h1 {{ margin: 0; font-size: 1.9rem; }}
.passed {{ color: var(--good); }}
.failed, .broken {{ color: var(--bad); }}
.unsettled {{ color: var(--mild); }}
.skipped {{ opacity: .7; }}
table {{ border-collapse: collapse; width: 100%; margin: 1.5rem 0; }}
th, td {{ text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }}
th {{ font-weight: 500; opacity: .75; white-space: nowrap; }}
td:first-child {{ white-space: nowrap; }}
.days td:nth-child(n+3) {{ white-space: nowrap; }}
b {{ font-weight: 600; }} small {{ display: block; opacity: .7; }}
.wrong {{ border-left: 3px solid var(--bad); margin: .6rem 0; padding-left: .8rem; }}
.wrong p {{ margin: 0; }}
pre {{ overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; padding: .8rem;
  border: 1px solid var(--line); border-radius: 6px; font-size: .85rem; }}
summary {{ cursor: pointer; opacity: .8; }}
a {{ color: inherit; }}
footer {{ margin-top: 2rem; opacity: .7; font-size: .9rem; }}
@media (max-width: 40rem) {{
  .days, .days * {{ display: block; }} .days :is(thead, td:empty) {{ display: none; }}
  .days :is(b, strong, a, summary) {{ display: revert; }}
  .days [data-head]::before {{ content: attr(data-head) ": "; opacity: .75; }}
  .days td {{ border: 0; padding: .1rem 0; }} .days tr {{ border-bottom: 1px solid var(--line);
  padding: .5rem 0; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
