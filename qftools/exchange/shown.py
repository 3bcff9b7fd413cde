"""The types of what may be shown. The redaction alone makes them.

Whatever shows or keeps something takes one of these types: text, exchanges, a diagnosis.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import KW_ONLY, InitVar, dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Self, TypeVar

from qftools.exchange import Exchange, Request, Response, programs, writing
from qftools.texts import harmless

if TYPE_CHECKING:
    from qftools.markup import Markup

T = TypeVar("T")

MAKER = object()


def only_redacted(made_by: object, kind: type) -> None:
    """Refuse to make one of *kind* unless it is a Redactor that makes it.

    Raises:
        TypeError: It is not.
    """
    if made_by is not MAKER:
        raise TypeError(f"{kind.__name__} is made by a Redactor alone")


class Shown(str):
    """Text that may be shown. Only a [Redactor][qftools.exchange.redaction.Redactor] makes it.

    What is cut out of it or put together from it is an ordinary text again.

    Example:
        >>> Shown("key=5744993FBC034DBB")
        Traceback (most recent call last):
        ...
        TypeError: Shown is made by a Redactor alone
    """

    __slots__ = ()

    def __new__(cls, text: str, made_by: object = None) -> Self:
        only_redacted(made_by, cls)
        return super().__new__(cls, text)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)  # what is read back somewhere else is an ordinary text


@dataclass(frozen=True, slots=True, eq=False)
class ShownRequest(Request):
    """A request that may be shown."""

    _: KW_ONLY
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        only_redacted(made_by, type(self))


@dataclass(frozen=True, slots=True, eq=False)
class ShownResponse(Response):
    """An answer that may be shown."""

    _: KW_ONLY
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        only_redacted(made_by, type(self))


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class ShownExchange(Exchange):
    """An exchange that may be shown and kept."""

    request: ShownRequest
    response: ShownResponse | None
    _: KW_ONLY
    made_by: InitVar[object]

    def __post_init__(self, made_by: object) -> None:
        only_redacted(made_by, type(self))

    def __str__(self) -> str:
        return "\n".join(map(harmless, writing.as_text(self).splitlines()))

    def _repr_html_(self) -> Markup:
        from qftools.markup import el

        return el("details", el("summary", repr(self)), el("pre", str(self)))

    def as_curl(self, shell: str = "bash") -> str:
        """The request as a cURL command, redacted; *shell* is bash or cmd."""
        return writing.as_curl(self.request, shell)

    def as_http(self) -> str:
        """The request as it went over the wire."""
        return writing.as_http(self.request)

    def as_har(self) -> dict[str, Any]:
        """Request and answer as an HTTP archive (HAR 1.2)."""
        return writing.as_har([self])

    def as_postman(self) -> dict[str, Any]:
        """The request as a Postman collection (v2.1)."""
        return writing.as_postman([self])

    def as_source(self, language: str, *, resign: bool = False) -> str:
        """The request as a program that runs.

        Args:
            language: python, php, java, node or curl.
            resign: Sign anew with the key in ``QFTOOLS_CLIENT_KEY``, instead of repeating the
                recorded signature.

        Raises:
            InputError: There is no such language.
        """
        return programs.as_source(self.request, language, resign=resign)


def as_it_is(noun: Request | Response, kind: type[T]) -> T:
    """*noun*, which holds nothing to take out, as one that may be shown."""
    maker: Callable[..., T] = kind
    return maker(*_VALUES[type(noun)](noun), made_by=MAKER)


_VALUES = {
    kind: attrgetter(*[field.name for field in dataclasses.fields(kind)])
    for kind in (Request, Response, ShownRequest, ShownResponse)
}
