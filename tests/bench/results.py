"""results.json: the table of rows, and what a full run measured, on which machine.

The site's page on speed is made from this file alone.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qftools.catalogue import Text
from tests.bench.mended import MENDED
from tests.bench.rows import Measured, Missing, Result, Row
from tests.bench.table import ROWS, SUBJECTS

FILE = Path(__file__).with_name("results.json")


def write(measured: Iterable[Result]) -> None:
    """Write these results in one go; rows that were not measured this time stay as they are."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    here = {"measured": today, "load": f"{os.getloadavg()[1]:.1f}"}
    fresh = {result.row.key: as_data(result) | here for result in measured}
    rows = (read()["rows"] if FILE.exists() else {}) | fresh
    ordered = {key: rows[key] for key in ROWS if key in rows}
    _write({"machine": machine(), "rows": ordered, **table()})


def write_table() -> None:
    """Write the table of rows; what was measured stays, and gets its mark by today's goal."""
    data = read()
    rows = {key: _marked(ROWS[key], found) for key, found in data["rows"].items() if key in ROWS}
    _write(data | table() | {"rows": rows})


def _marked(row: Row, found: dict[str, Any]) -> dict[str, Any]:
    if "median" not in found or row.goal is None:
        return found
    return found | {"mark": "met" if row.goal.met(found["median"]) else "not met"}


def _write(data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=1, ensure_ascii=False)
    new = FILE.with_suffix(".json.new")
    new.write_text(text + "\n", "utf-8")
    new.replace(FILE)


def changed_marks(measured: Iterable[Result]) -> dict[str, tuple[str, str]]:
    """Return the rows whose mark is not the one that was written last: key, before and now."""
    rows = read()["rows"] if FILE.exists() else {}
    before = {key: row["mark"] for key, row in rows.items()}
    return {
        result.row.key: (before.get(result.row.key, "not measured"), result.mark)
        for result in measured
        if before.get(result.row.key) != result.mark
    }


def read() -> dict[str, Any]:
    """Return what was written last."""
    data: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return data


def table() -> dict[str, Any]:
    """Return what the page says of every row, measured or not, as plain data."""
    return {
        "subjects": {one.name: [_row(row) for row in one.rows] for one in SUBJECTS},
        "mended": [
            {"row": one.row, "before": one.before, "what": _text(one.what)} for one in MENDED
        ],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "key": row.key,
        "what": _text(row.what),
        "against": _text(row.against),
        "unit": row.unit,
        "goal": [row.goal.sense, row.goal.value] if row.goal else None,
        "note": _text(row.note) if row.note else None,
    }


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}


def as_data(result: Result) -> dict[str, Any]:
    """Return a result as plain data."""
    outcome = result.outcome
    if isinstance(outcome, Missing):
        return {"mark": result.mark, "reason": _text(outcome.reason)}
    if isinstance(outcome, Exception):
        return {"mark": result.mark, "reason": f"{type(outcome).__name__}: {outcome}"}
    return {"mark": result.mark, **_numbers(outcome)}


def _numbers(outcome: Measured) -> dict[str, Any]:
    data: dict[str, Any] = {
        "median": _rounded(outcome.median),
        "min": _rounded(min(outcome.samples)),
        "max": _rounded(max(outcome.samples)),
        "samples": len(outcome.samples),
    }
    for name, value in (("ours", outcome.ours), ("theirs", outcome.theirs)):
        if value is not None:
            data[name] = _rounded(value)
    if outcome.each:
        data["each"] = outcome.each
    if outcome.extra:
        data["extra"] = outcome.extra
    return data


def machine() -> dict[str, str]:
    """Return what the numbers depend on: processor, cores, memory, system, versions."""
    packages = ("requests", "urllib3", "waitress")
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{_memory():.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in packages},
    }


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
