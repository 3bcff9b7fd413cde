"""What calls of the control API take: named values with a kind and limits, checked in one place.

The OpenAPI description is made from the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from qftools.catalogue import Text
from qftools.errors import SandboxError
from qftools.exchange.shown import Shown
from qftools.locale import mark

if TYPE_CHECKING:
    from qftools.sandbox.control.stream import Stream
    from qftools.sandbox.gateway.gateway import Gateway
    from qftools.sandbox.keeping.keeping import Keeping
    from qftools.sandbox.notifications.notifications import Notifications
    from qftools.sandbox.report.judge import Judge

Kind = Literal["text", "integer", "number", "flag", "texts"]
_MUST_BE: dict[Kind, str] = {
    "text": mark("must be text"),
    "integer": mark("must be a whole number"),
    "number": mark("must be a number"),
    "flag": mark("must be true or false"),
    "texts": mark("must be a list of texts"),
}


class NotFound(SandboxError):
    """There is no order, exchange, fault, snapshot of that name."""

    status, code = 404, "not found"


class WrongValue(SandboxError):
    """A value is missing, of the wrong kind, or out of range."""

    status, code = 400, "wrong value"

    def __init__(self, field: str, problem: str, **values: object) -> None:
        super().__init__("{field} {problem}", field=field, problem=SandboxError(problem, **values))
        self.field = field


@dataclass(frozen=True, slots=True)
class Param:
    """One named value that a call takes.

    Attributes:
        choices: What it must be one of, if there is a list.
        least: The smallest number, or the shortest text. *most*: the largest, the longest.
        nullable: ``null`` is a value of its own.
    """

    name: str
    kind: Kind
    about: Text
    required: bool = False
    choices: tuple[str, ...] = ()
    least: float | None = None
    most: float = 256
    default: Any = None
    nullable: bool = False

    def schema(self) -> dict[str, Any]:
        """Return it as JSON schema."""
        kinds = {"text": "string", "integer": "integer", "number": "number", "flag": "boolean"}
        if self.kind == "texts":
            item = {"type": "string", "maxLength": 128}
            return {"type": "array", "items": item, "maxItems": int(self.most)}
        kind: Any = kinds[self.kind]
        schema: dict[str, Any] = {"type": [kind, "null"] if self.nullable else kind}
        if self.choices:
            schema["enum"] = [*self.choices, *([None] if self.nullable else [])]
        elif self.kind == "text":
            shortest = int(self.least or self.required)
            schema |= {"maxLength": int(self.most)} | ({"minLength": shortest} if shortest else {})
        elif self.kind in ("integer", "number"):
            schema |= {"maximum": self.most}
            if self.least is not None:
                schema["minimum"] = self.least
        if self.default is not None:
            schema["default"] = self.default
        return schema

    def read(self, value: Any, *, of_query: bool) -> Any:
        """Return the value, checked.

        Raises:
            WrongValue: It is of the wrong kind, or outside of the limits.
        """
        if value is None and self.nullable:
            return None
        if of_query and self.kind in ("integer", "number"):
            value = self._number(value)
        if self.kind == "integer" and isinstance(value, float) and value.is_integer():
            value = int(value)  # 2.0 is a whole number in JSON
        self._check_kind(value)
        if self.choices and value not in self.choices:
            raise WrongValue(self.name, "must be one of: {known}", known=", ".join(self.choices))
        if self.kind in ("integer", "number"):
            if not (self.least is None or value >= self.least) or value > self.most:
                said = mark("must be {least} to {most}")
                raise WrongValue(self.name, said, least=self.least, most=self.most)
        elif self.kind in ("text", "texts") and len(value) > self.most:
            raise WrongValue(self.name, "is too long: {most} is the most", most=int(self.most))
        if self.kind == "text" and self.required and not value:
            raise WrongValue(self.name, "must not be empty")
        if self.kind == "text" and len(value) < (self.least or 0):
            raise WrongValue(self.name, "is too short: {least} is the least", least=self.least)
        return value

    def _number(self, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 16):
            raise WrongValue(self.name, "must be a whole number")
        return int(text)

    def _check_kind(self, value: Any) -> None:
        right = {
            "text": isinstance(value, str),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, int | float) and not isinstance(value, bool),
            "flag": isinstance(value, bool),
            "texts": isinstance(value, list)
            and all(isinstance(item, str) and len(item) <= 128 for item in value),
        }[self.kind]
        if not right:
            raise WrongValue(self.name, _MUST_BE[self.kind])


def read_values(
    params: tuple[Param, ...], given: Mapping[str, Any], *, of_query: bool = False
) -> dict[str, Any]:
    """Return every value that a call takes, checked; what was left out has its default.

    Raises:
        WrongValue: A value is missing, wrong, or not one of the call's.
    """
    known = {param.name for param in params}
    for name in given:
        if name not in known:
            said = mark("is not known here; this call takes: {known}")
            raise WrongValue(str(name)[:80], said, known=", ".join(sorted(known)) or "-")
    values = {}
    for param in params:
        if param.name in given:
            values[param.name] = param.read(given[param.name], of_query=of_query)
        elif param.required:
            raise WrongValue(param.name, "is missing")
        else:
            values[param.name] = param.default
    return values


class Page(NamedTuple):
    """An answer that is an HTML file to keep, not JSON."""

    text: Shown
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlCall:
    """One call: the parts of the sandbox, the names in its path, and its checked values."""

    gateway: Gateway
    notifications: Notifications
    keeping: Keeping
    judge: Judge
    stream: Stream
    path: Mapping[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ControlRoute:
    """One call.

    Attributes:
        name: What the OpenAPI description calls it.
        query: Values of a GET's query string. *body*: of another call's JSON body.
        things: What the names in braces of the path are.
        answer: The name of its answer's schema.
    """

    method: str
    path: str
    name: str
    about: Text
    query: tuple[Param, ...] = ()
    body: tuple[Param, ...] = ()
    things: dict[str, Text] = field(default_factory=dict)
    answer: str = "Object"
