"""The texts of panels and command line: collect them from the code, compile the Chinese.

    python -m tests.tools.texts    bring the .po up to date with the code, and compile the .mo

A new text arrives in the .po with an empty translation; a test fails until it has one.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).resolve().parents[2] / "qftools"
CLICK = Path(__file__).with_name("click_says.py")
CHINESE = PACKAGE / "locale/zh/LC_MESSAGES/qftools.po"
# Which arguments of an error are texts; a value has its place in them and is given apart.
SAID = {
    "InputError": slice(1, 3),
    "WrongPlaceError": slice(1, 3),
    "TransportError": slice(1),
    "RateLimitError": slice(1),
    "SignatureError": slice(1),
    "JournalError": slice(1),
    "NotUnderstoodError": slice(1, 2),
    "SandboxError": slice(1),
    "AddressError": slice(1),
    "NotFound": slice(1),
    "WrongValue": slice(1, 2),
    "Refusal": slice(2, 3),
}
TEXTS = {**SAID, "text": slice(1), "_": slice(1), "mark": slice(1), "ngettext": slice(2)}


def in_the_code() -> Catalog:
    """Every text that the package marks, with the file that it stands in."""
    found = Catalog(project="qftools", charset="utf-8")
    for path in (*sorted(PACKAGE.rglob("*.py")), CLICK):
        where = "click" if path == CLICK else str(path.relative_to(PACKAGE))
        for message, line in marked(path):
            found.add(message, None, [(where, line)])
    return found


def marked(path: Path) -> Iterator[tuple[str | tuple[str, ...], int]]:
    """Each text that a file marks, one for each number where it has a plural, and its line."""
    for name, arguments in _calls(path, TEXTS):
        parts = [part for part in arguments if isinstance(part, ast.Constant)]
        texts = [str(part.value) for part in parts]
        if name == "ngettext":
            yield tuple(texts), parts[0].lineno
            continue
        yield from ((text, part.lineno) for text, part in zip(texts, parts, strict=True))
    for kind in _named(path, "FileKind"):  # what goes wrong with a file, by SQLite's name
        for keyword in kind.keywords:
            if keyword.arg == "words":
                yield from _values(keyword.value)


def said_by_errors(path: Path) -> Iterator[ast.expr]:
    """What a file gives to its errors to say."""
    for _, arguments in _calls(path, SAID):
        yield from arguments


def _calls(path: Path, texts: Mapping[str, slice]) -> Iterator[tuple[str, list[ast.expr]]]:
    """Each call by one of these names, with the arguments that are texts.

    A method is left alone: ``redactor.text(...)`` marks nothing.
    """
    for call in _named(path, *texts):
        name = call.func.id  # type: ignore[attr-defined]
        yield name, call.args[texts[name]]


def _named(path: Path, *names: str) -> list[ast.Call]:
    """Each call of a function of one of these names, in the order of the file."""
    calls = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names
    ]
    return sorted(calls, key=lambda call: (call.lineno, call.col_offset))


def _values(table: ast.expr) -> Iterator[tuple[str, int]]:
    for value in table.values if isinstance(table, ast.Dict) else ():
        if isinstance(value, ast.Constant):
            yield str(value.value), value.lineno


def has_words(string: object) -> bool:
    """Tell whether there is a translation: of each form, where a number decides on the form."""
    return all(string) if isinstance(string, tuple | list) else bool(string)


def translated() -> Catalog:
    """The Chinese catalogue as it is on disk."""
    with CHINESE.open("rb") as file:
        return read_po(file, locale="zh")


def compiled(catalog: Catalog) -> bytes:
    """The .mo of a catalogue."""
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def written(catalog: Catalog) -> bytes:
    """The .po of a catalogue, in an order that keeps differences small."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=98, sort_by_file=True, include_lineno=False)
    return buffer.getvalue()


def main() -> int:
    """Update the .po, compile the .mo, and say what has no translation yet."""
    catalog = translated()
    made = catalog.creation_date
    catalog.update(in_the_code(), no_fuzzy_matching=True)
    catalog.creation_date = made
    catalog.obsolete.clear()
    CHINESE.write_bytes(written(catalog))
    CHINESE.with_suffix(".mo").write_bytes(compiled(catalog))
    untranslated = [
        message.id for message in catalog if message.id and not has_words(message.string)
    ]
    for identifier in untranslated:
        print(f"no translation yet: {identifier!r}")
    return 1 if untranslated else 0


if __name__ == "__main__":
    sys.exit(main())
