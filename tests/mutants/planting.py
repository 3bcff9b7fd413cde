"""The faults that can be planted in a module: mutmut's operators, and some of our own.

mutmut plants inside plain functions only. Its operators are applied here to everything in a
module: tables, class defaults, properties and decorated functions too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import ndiff
from pathlib import Path
from typing import Any, cast

import libcst
import libcst.matchers as m
from libcst.metadata import ByteSpanPositionProvider, MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

Node = libcst.CSTNode


@dataclass(frozen=True, slots=True)
class Mutant:
    """One planted fault.

    Attributes:
        module: The file, from the project's root.
        function: The qualified name of the function, or of the class; "" at the module's top.
        change: The lines that differ, each with ``- `` or ``+ `` before it. With module and
            function it is the mutant's name: it holds no line number and no index.
        lines: First and last line of the statement; a test counts if it runs one of them.
        start, end, text: The bytes of the file that are replaced, and by what.
        in_function: Inside a function's body: its code can be exchanged in a running process.
    """

    module: str
    function: str
    change: str
    lines: tuple[int, int]
    start: int
    end: int
    text: bytes
    in_function: bool

    @property
    def name(self) -> tuple[str, str, str]:
        """What it is called in the list of survivors."""
        return self.module, self.function, self.change

    def source(self) -> bytes:
        """The whole file with the fault in it."""
        whole = Path(self.module).read_bytes()
        return whole[: self.start] + self.text + whole[self.end :]


def mutants(module: str) -> list[Mutant]:
    """Return every mutant of one file, in the order of the file."""
    source = Path(module).read_bytes()
    wrapper = MetadataWrapper(libcst.parse_module(source))
    planter = _Planter(module, source, wrapper.module)
    wrapper.visit(planter)
    unique = {(one.start, one.end, one.text): one for one in planter.found}
    found = sorted(unique.values(), key=lambda one: (one.start, one.end))
    lines = [line.strip() for line in source.decode().split("\n")]
    for above in range(1, 30):  # what stands above it tells it from its like
        names = Counter(one.name for one in found)
        for at, one in enumerate(found):
            line = source.count(b"\n", 0, one.start) - above
            if names[one.name] > 1 and line >= 0:
                found[at] = replace(one, change=f"  {lines[line]}\n{one.change}")
    return found


# ---- operators of our own ---------------------------------------------------------


def _without(items: list[Any]) -> Iterator[list[Any]]:
    for at in range(len(items)):
        yield [*items[:at], *items[at + 1 :]]


def _drop_element(node: libcst.Tuple | libcst.Set | libcst.List) -> Iterable[Node]:
    if len(node.elements) > 1:
        for kept in _without(list(node.elements)):
            if len(kept) == 1 and isinstance(node, libcst.Tuple):
                comma = libcst.Comma(whitespace_after=libcst.SimpleWhitespace(""))
                kept = [kept[0].with_changes(comma=comma)]
            yield node.with_changes(elements=kept)


def _change_table(node: libcst.Dict) -> Iterable[Node]:
    """Drop a row; give a row the value of the next one."""
    rows = list(node.elements)
    for kept in _without(rows):
        yield node.with_changes(elements=kept)
    for at, row in enumerate(rows):
        other = next(
            (o for o in rows[at + 1 :] + rows[:at] if not o.value.deep_equals(row.value)), 0
        )
        if isinstance(row, libcst.DictElement) and isinstance(other, libcst.DictElement):
            changed = row.with_changes(value=other.value)
            yield node.with_changes(elements=[*rows[:at], changed, *rows[at + 1 :]])


def _negate(node: libcst.If | libcst.While | libcst.CompIf) -> Iterable[Node]:
    # Comparisons and "not" have operators of mutmut's that do the same.
    if isinstance(node.test, libcst.Name | libcst.Attribute | libcst.Call | libcst.NamedExpr):
        test = libcst.UnaryOperation(
            libcst.Not(),
            node.test.with_changes(lpar=[libcst.LeftParen()], rpar=[libcst.RightParen()])
            if isinstance(node.test, libcst.NamedExpr)
            else node.test,
        )
        yield test


def _drop_statement(node: libcst.Expr | libcst.Raise) -> Iterable[Node]:
    if not isinstance(node, libcst.Expr) or isinstance(node.value, libcst.Call):
        yield libcst.Pass()


_OPERATORS: list[tuple[Any, Any]] = [
    *cast(Any, mutation_operators),
    (libcst.Tuple, _drop_element),
    (libcst.Set, _drop_element),
    (libcst.List, _drop_element),
    (libcst.Dict, _change_table),
    (libcst.Expr, _drop_statement),
    (libcst.Raise, _drop_statement),
]

# ---- what is no fault -----------------------------------------------------------------

_WORDS = m.Call(func=m.Name("Text") | m.Name("text") | m.Name("mark"))
_TYPE = m.Assign(targets=[m.AssignTarget(m.Name(m.MatchRegex(r"[A-Z][a-z]\w*")))])
_LEFT_OUT = m.OneOf(
    m.Annotation(),
    m.Assert(),
    m.Import(),
    m.ImportFrom(),
    m.Decorator(decorator=m.Call(func=m.Name("dataclass"))),
    m.If(test=m.Name("TYPE_CHECKING")),
    _TYPE,
    m.Subscript(value=m.Name("Literal")),
    m.Call(func=m.OneOf(*(m.Name(name) for name in ("cast", "isinstance", "len", "super")))),
)
_NO_CASE = ("utf-8", "select ", "insert ", "update ", "delete ", "pragma", "begin", "where ")


def _is_no_fault(node: Node, mutated: Node) -> bool:
    """SQL and the names of encodings are the same in capitals."""
    if isinstance(node, libcst.SimpleString) and isinstance(mutated, libcst.SimpleString):
        old, new = node.value.lower(), mutated.value.lower()
        return old == new and any(word in old for word in _NO_CASE)
    return False


class _Planter(libcst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider, ByteSpanPositionProvider)

    def __init__(self, module: str, source: bytes, tree: libcst.Module) -> None:
        super().__init__()
        self.found: list[Mutant] = []
        self._module, self._source, self._tree = module, source, tree
        self._scopes: list[Node] = []
        self._bodies = 0  # of functions that are open
        self._lines: list[tuple[int, int]] = [(1, 1)]
        self._words: list[Node] = []

    def on_visit(self, node: Node) -> bool:
        if m.matches(node, _LEFT_OUT):
            return False
        if isinstance(node, libcst.BaseStatement | libcst.ExceptHandler | libcst.Else):
            self._lines.append(self._lines_of(node))
        if isinstance(node, libcst.FunctionDef | libcst.ClassDef):
            self._scopes.append(node)
        if m.matches(node, _WORDS):
            self._words.append(node)
        if self._is_body(node):
            self._bodies += 1
        for kind, operator in _OPERATORS:
            if isinstance(node, kind):
                for mutated in operator(node):
                    self._plant(node, mutated)
        if isinstance(node, libcst.If | libcst.While | libcst.CompIf):
            for mutated in _negate(node):
                self._plant(node.test, mutated)
        return not isinstance(node, libcst.Raise)  # what an error says is no rule

    def on_leave(self, original_node: Node) -> None:
        node = original_node
        if self._is_body(node):
            self._bodies -= 1
        if self._words and self._words[-1] is node:
            self._words.pop()
        if self._scopes and self._scopes[-1] is node:
            self._scopes.pop()
        if isinstance(node, libcst.BaseStatement | libcst.ExceptHandler | libcst.Else) and not (
            m.matches(node, _LEFT_OUT)
        ):
            self._lines.pop()

    def _is_body(self, node: Node) -> bool:
        return bool(self._scopes) and (
            isinstance(self._scopes[-1], libcst.FunctionDef) and self._scopes[-1].body is node
        )

    def _lines_of(self, node: Node) -> tuple[int, int]:
        place = self.get_metadata(PositionProvider, node)
        body = getattr(node, "body", None)
        if isinstance(node, libcst.SimpleStatementLine) or not isinstance(body, Node):
            return place.start.line, place.end.line
        first = self.get_metadata(PositionProvider, body).start.line
        return place.start.line, max(place.start.line, first - 1)

    def _plant(self, node: Node, mutated: Node) -> None:
        if self._words and isinstance(node, libcst.BaseString):
            return
        if _is_no_fault(node, mutated):
            return
        span = self.get_metadata(ByteSpanPositionProvider, node)
        start, end = span.start, span.start + span.length
        text = self._tree.code_for_node(mutated).encode()
        old = self._tree.code_for_node(node).encode()
        before = old.find(self._source[start:end])
        if before > 0 and self._source[start - before : start - before + len(old)] == old:
            start, end = start - before, start - before + len(old)  # its own brackets, too
        if self._source[start:end] == text:
            return
        self.found.append(
            Mutant(
                self._module,
                ".".join(
                    scope.name.value
                    for scope in self._scopes
                    if isinstance(scope, libcst.FunctionDef | libcst.ClassDef)
                ),
                self._change(start, end, text),
                self._lines[-1],
                start,
                end,
                text,
                self._bodies > 0,
            )
        )

    def _change(self, start: int, end: int, text: bytes) -> str:
        first = self._source.rfind(b"\n", 0, start) + 1
        last = self._source.find(b"\n", end)
        last = len(self._source) if last < 0 else last
        old = self._source[first:last].decode().split("\n")
        new = (self._source[first:start] + text + self._source[end:last]).decode().split("\n")
        told = ndiff([line.strip() for line in old], [line.strip() for line in new])
        lines = [line for line in told if line[0] in "-+" and line[2:]]
        return "\n".join(lines if len(lines) < 9 else [*lines[:4], "...", *lines[-4:]])
