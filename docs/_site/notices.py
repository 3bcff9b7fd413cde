"""Whose work the site serves, and on which terms: SITE/notices.txt, and a table for the page.

Licences ask that their text goes where the software goes. What a wheel or a JavaScript bundle
says of its licence is read from it; nothing is written down twice.
"""

from __future__ import annotations

import email
import json
import re
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from docs._site.markdown import Here, head, table

PARTS = Path(__file__).with_name("served.toml")
NAME = "notices.txt"
_LICENCE = re.compile(r"(^|/)(licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)
_PAGES = ("source", "source code", "repository", "github", "homepage", "home")
_RULE = "=" * 80


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of software that the site serves."""

    name: str
    version: str
    licence: str
    source: str
    text: str = ""


def served(here: Here) -> str:
    """What the site serves of other people's work, as a table."""
    rows = tomllib.loads(PARTS.read_text(encoding="utf-8"))["part"]
    return table(
        head(here, "software", "what for", "licence"),
        [[f"[{row['name']}]({row['source']})", row[here.lang], row["licence"]] for row in rows],
    )


def write(site: Path, pyodide: str = "") -> None:
    """Write the notices of all that *site* serves: the theme, and the lessons where they are."""
    (site / NAME).write_text(notices(site, pyodide), encoding="utf-8")


def notices(site: Path, pyodide: str = "") -> str:
    """The text of the notices."""
    found = [_of_distribution(distribution("mkdocs-material"))]
    runtime = site / "lite" / "pyodide"
    if runtime.is_dir():
        found += [*_of_runtime(runtime, pyodide), *_of_bundles(site / "lite")]
    head_of_file = "What this site serves of other people's work, and on which terms.\n"
    return "\n".join([head_of_file, *map(_entry, _once(found))])


def _of_runtime(runtime: Path, pyodide: str) -> Iterator[Notice]:
    rows = tomllib.loads(PARTS.read_text(encoding="utf-8"))["part"]
    lock = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    versions = {"Pyodide": pyodide, "Python": lock["info"]["python"]}
    for row in rows:
        if row.get("runtime"):
            yield Notice(
                row["name"],
                versions.get(row["name"], ""),
                row["licence"],
                row["source"],
                f"The text of the licence: {row['text']}\nThe source code: {row['source']}",
            )
    yield _of_distribution(distribution("jupyterlite-core"))
    for wheel in sorted(runtime.glob("*.whl")):
        yield _of_wheel(wheel)


def _of_wheel(path: Path) -> Notice:
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" in name]
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        return _described(
            archive.read(about).decode(),
            [archive.read(name).decode() for name in names if _LICENCE.search(name)],
        )


def _of_distribution(found: Distribution) -> Notice:
    files = [path for path in found.files or () if ".dist-info" in str(path)]
    return _described(
        found.read_text("METADATA") or "",
        [path.read_text() for path in files if _LICENCE.search(str(path))],
    )


def _described(metadata: str, texts: list[str]) -> Notice:
    said = email.message_from_string(metadata)
    classified = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier") or []
        if line.startswith("License :: ")
    ]
    named = said.get("License-Expression") or ", ".join(classified) or said.get("License") or ""
    links = dict(line.lower().split(", ", 1) for line in said.get_all("Project-URL") or [])
    page = next(filter(None, map(links.get, _PAGES)), said.get("Home-page", ""))
    first, *more = named.splitlines() or [""]  # some put the whole text there
    whole = [named] if more and not texts else texts
    return Notice(said["Name"], said["Version"], first, page, "\n\n".join(whole))


def _of_bundles(lite: Path) -> Iterator[Notice]:
    for path in sorted(lite.rglob("third-party-licenses.json")):
        for package in json.loads(path.read_text(encoding="utf-8"))["packages"]:
            yield Notice(
                package["name"],
                package["versionInfo"],
                package["licenseId"],
                f"https://www.npmjs.com/package/{package['name']}",
                package["extractedText"],
            )


def _once(found: list[Notice]) -> list[Notice]:
    unlike = {(one.name.lower(), one.version): one for one in found}
    return [unlike[key] for key in sorted(unlike)]


def _entry(one: Notice) -> str:
    lines = (_RULE, f"{one.name} {one.version}".strip(), one.licence, one.source, "", one.text)
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"
