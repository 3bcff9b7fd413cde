"""The parts of the page on speed, made from ``tests/bench/results.json``, which the bench writes.

A page asks for them by name, such as ``<!-- bench: table signing -->``.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from docs._site import plots
from qftools.catalogue import Text
from qftools.locale import Language

RESULTS = Path(__file__).parents[2] / "tests/bench/results.json"
MARKS = {"met": "✓", "not met": "✗", "missing": "–", "broken": "!"}

_WORDS = {
    "what": Text("测什么", "What"),
    "against": Text("和谁比", "Against"),
    "median": Text("中位数（最小–最大）", "Median (min – max)"),
    "goal": Text("目标", "Goal"),
    "absolute": Text("我方 : 对方", "Ours : theirs"),
    "not yet": Text("还没有测", "not measured yet"),
    "before": Text("之前", "Before"),
    "now": Text("现在", "Now"),
    "change": Text("改了什么", "What was changed"),
    "measured": Text("测量日期", "Measured"),
    "processor": Text("处理器", "Processor"),
    "cores": Text("核数", "Cores"),
    "memory": Text("内存", "Memory"),
    "load": Text("测量时机器的平均负载", "Load average of the machine meanwhile"),
    "system": Text("系统", "System"),
    "ratios": Text(
        "各项比值与目标：圆点是中位数，横线是最小到最大，绿色底是目标范围",
        "Ratios and goals: dot = median, bar = min to max, shade = goal",
    ),
    "orders": Text("账上的订单数", "orders in the books"),
    "fields": Text("字段数", "fields"),
    "cycles": Text("已跑的轮数", "cycles"),
    "grow-books": Text("按单号查询一次，微秒", "one query by number, µs"),
    "grow-fields": Text("签一次名，微秒", "one signature, µs"),
    "soak-memory": Text("服务器占用的内存，MiB", "memory of the server, MiB"),
}


def part(words: list[str], lang: Language) -> str:
    """Return a part of the page: ``table SUBJECT``, ``curve ROW``, ``ratios``, ``mended`` ...

    Raises:
        KeyError: There is no such part.
    """
    kind, *rest = words
    if kind == "table":
        return table(rest[0], lang)
    if kind == "curve":
        return curve(rest[0], lang)
    made = {"ratios": ratios, "machine": machine, "summary": summary, "mended": mended}
    return made[kind](lang)


def table(subject: str, lang: Language) -> str:
    """Return the Markdown table of a subject."""
    names = ("what", "against", "median", "goal", "absolute")
    lines = [["", *(_WORDS[name].say(lang) for name in names)], [":-:", "---", "---", *["--:"] * 3]]
    notes = []
    for row in _data()["subjects"][subject]:
        found = _data()["rows"].get(row["key"])
        if found is None:
            found = {"mark": "missing", "reason": _WORDS["not yet"].say(lang)}
        lines.append([MARKS[found["mark"]], *_cells(row, found, lang)])
        if row["note"] and row["note"][lang] not in notes:
            notes.append(row["note"][lang])
    made = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return made + "".join(f"\n\n{_sentence(note, lang)}" for note in notes)


def _cells(row: dict[str, Any], found: dict[str, Any], lang: Language) -> list[str]:
    what, against = row["what"][lang], row["against"][lang]
    goal = _goal(*row["goal"]) if row["goal"] else ""
    if "median" not in found:
        reason = found["reason"]
        said = reason[lang] if isinstance(reason, dict) else reason
        return [escape(what), escape(against), escape(said), goal, ""]
    span = plots.span(found["min"], found["max"], row["unit"])
    median = f"**{plots.in_unit(found['median'], row['unit'])}** ({span})"
    both = [plots.number(found[side]) for side in ("ours", "theirs") if side in found]
    each = f" {found['each']}" if "each" in found else ""
    return [escape(what), escape(against), median, goal, " : ".join(both) + each]


def _goal(sense: str, value: float) -> str:
    return f"{'≤' if sense == '<=' else '≥'} {value:g}"


def ratios(lang: Language) -> str:
    """Return the plot of all rows that are ratios with a goal."""
    lines = []
    for key, row in _rows().items():
        found = _data()["rows"].get(key, {})
        if row["unit"] == "x" and row["goal"] and "median" in found:
            label = _short(row["what"][lang], lang)
            sense, goal = row["goal"]
            span = found["median"], found["min"], found["max"]
            lines.append(plots.Ratio(label, *span, sense, goal, found["mark"] == "met"))
    return plots.ratios(_WORDS["ratios"].say(lang), lines)


def curve(key: str, lang: Language) -> str:
    """Return the plot of a row that has a curve."""
    found = _data()["rows"].get(key, {}).get("extra")
    if found is None:
        return ""
    (series,) = found.values()
    (x_name, xs), (_, ys) = series.items()
    title = _WORDS[key].say(lang)
    return plots.curve(title, (_WORDS[x_name].say(lang), xs), (title, ys))


def machine(lang: Language) -> str:
    """Return where, when and with what it was measured."""
    data = _data()
    days = sorted({found["measured"] for found in data["rows"].values()})
    loads = sorted(float(found["load"]) for found in data["rows"].values())
    lines = [
        (_WORDS["measured"].say(lang), " – ".join(dict.fromkeys([days[0], days[-1]]))),
        (_WORDS["load"].say(lang), f"{loads[0]:g} – {loads[-1]:g}"),
    ]
    for name, value in data["machine"].items():
        lines.append((_WORDS[name].say(lang) if name in _WORDS else name, value))
    body = "\n".join(f"| {escape(name)} | {escape(value)} |" for name, value in lines)
    return f"| | |\n|---|---|\n{body}"


def summary(lang: Language) -> str:
    """Return how many goals were met."""
    marks = [found["mark"] for key, found in _data()["rows"].items() if key in _rows()]
    met, all_ = marks.count("met"), len(marks) - marks.count("missing")
    if lang == "zh":
        return f"最近的测量：{all_} 项有结果，{met} 项达到目标。"
    return f"{met} of {all_} rows met their goals when they were last measured."


def mended(lang: Language) -> str:
    """Return the table of what the bench found: before, now, and what was changed."""
    names = [_WORDS[name].say(lang) for name in ("what", "before", "now", "change")]
    lines = [names, ["---", "--:", "--:", "---"]]
    for one in _data()["mended"]:
        row, found = _rows()[one["row"]], _data()["rows"].get(one["row"], {})
        subject = f"{row['what'][lang]} : {row['against'][lang]}"
        now = plots.in_unit(found["median"], row["unit"]) if "median" in found else "–"
        before = plots.in_unit(one["before"], row["unit"])
        lines.append([escape(subject), before, f"**{now}**", escape(one["what"][lang])])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _short(text: str, lang: Language) -> str:
    most = 28 if lang == "zh" else 52
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _sentence(note: str, lang: Language) -> str:
    return note + "。" if lang == "zh" else note[0].upper() + note[1:] + "."


def _rows() -> dict[str, dict[str, Any]]:
    return {row["key"]: row for rows in _data()["subjects"].values() for row in rows}


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return data
