"""Everything that qftools raises, sorted by what the integrator does next.

QFPayError
├── InputError (a ValueError too)   wrong argument; nothing was sent: correct the call
│   └── WrongPlaceError             these credentials do not belong on that host
├── OutcomeUnknownError             the outcome is unknown: query before anything else
│   ├── TransportError              no usable reply: timeout, reset, 5xx, half a body, not JSON
│   │   └── RateLimitError          HTTP 429: too many requests, try later
│   ├── SignatureError              the signature of the reply is wrong
│   └── UnclearError                the gateway answered "outcome unknown"
├── GatewayError                    the gateway refused the request: nothing happened
├── JournalError                    the journal can't be read or written
│   ├── BusyError                   another process is at this order or file: let it finish
│   └── NotUnderstoodError          a record is not of this version of qftools
└── SandboxError                    the sandbox can't do what was asked of it

A payment that is still in progress is no error at all: it is a reply.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qftools.texts import of_a_log, of_system, spoken, text

if TYPE_CHECKING:
    from qftools.exchange.shown import ShownExchange
    from qftools.models import Order, Reply


class QFPayError(Exception):
    """Base of every error that qftools raises.

    Its text, for logs and tickets, is English unless `use_language` has chosen otherwise;
    `say` has it in the reader's language. An error is made of a text with places for
    ``values``, so that the text can be looked up.
    """

    def __init__(self, *args: Any, **values: object) -> None:
        self._text = args[0] if args else ""
        self._values: Mapping[str, object] = values
        super().__init__(*[_filled(part, values, "en") for part in args[:1]], *args[1:])

    def __str__(self) -> str:
        return self.say(of_a_log())

    def say(self, language: str | None = None) -> str:
        """Return what went wrong in *language*, or in the language in use.

        What the system or a library said is repeated as it is.

        Example:
            >>> TransportError("the reply is not JSON: {cause}", cause="JSONDecodeError").say("zh")
            '应答不是 JSON：格式错误'
        """
        return _filled(text(self._text, language), self._values, spoken(language))


class InputError(QFPayError, ValueError):
    """An argument that the gateway could not accept. Nothing was sent.

    Attributes:
        field: The name of the field, as on the wire, or of the argument.
        problem: What is wrong with the value that was given.
        rule: What the value has to look like, with the source of the rule.

    Example:
        >>> raise InputError("txamt", "is a float (25.0)", "an integer in the minor unit")
        Traceback (most recent call last):
        ...
        qftools.errors.InputError: txamt is a float (25.0); it must be an integer in the minor unit
    """

    def __init__(self, field: str, problem: str, rule: str, /, **values: object) -> None:
        self.field = field
        self.problem = _filled(problem, values, "en")
        self.rule = _filled(rule, values, "en")
        super().__init__(f"{field} {self.problem}; it must be {self.rule}")
        self._texts = problem, rule
        self._values = values

    def say(self, language: str | None = None) -> str:
        """Return field, problem and rule in *language*, or in the language in use.

        Example:
            >>> InputError("txamt", "is {value}", "greater than zero", value=0).say("zh")
            'txamt 为 0；要求：大于零'
        """
        chosen = spoken(language)
        problem, rule = [_filled(text(part, chosen), self._values, chosen) for part in self._texts]
        field = text(self.field, chosen)
        sentence = text("{field} {problem}; it must be {rule}", chosen)
        said = sentence.format(field=field, problem=problem, rule=rule)
        return said if field.isascii() else said.replace(f"{field} ", field, 1)

    def __reduce__(self) -> tuple[type[InputError], tuple[str, str, str], dict[str, object]]:
        # An exception with its own signature is otherwise lost on its way between processes.
        return type(self), (self.field, self.problem, self.rule), self.__dict__


class WrongPlaceError(InputError):
    """Credentials and host do not belong together, or the connection is not safe.

    Raised before anything is sent: test credentials at a production host, the
    reverse, or plain http to anything but this machine.
    """


class OutcomeUnknownError(QFPayError):
    """It is unknown whether the request took effect. Query (``client.query``) before acting again.

    Attributes:
        order: The order that the request was about, so that its numbers are
            not lost; None for a request without one.
        exchange: What was sent and what came back, if anything did.
    """

    order: Order | None = None
    exchange: ShownExchange | None = None


class TransportError(OutcomeUnknownError):
    """No usable reply: a timeout, a reset, HTTP 5xx, half a body, a body that is not JSON.

    The gateway may still have acted on the request.

    Attributes:
        sent: False where the connection was never made, so that the gateway
            can't have seen the request.
    """

    sent: bool = True


class RateLimitError(TransportError):
    """HTTP 429: more than the published 100 requests a second or 400 a minute.

    Attributes:
        retry_after: Seconds that the gateway asks for, None where it does not say.
    """

    retry_after: float | None = None


class SignatureError(OutcomeUnknownError):
    """A reply came back, but its ``X-QF-SIGN`` is not the gateway's over these bytes.

    The reply was changed on its way, or the client key is wrong. Do not trust its content.

    Attributes:
        unverified_respcd: The code in the reply, as a hint for a person: 1108 means that most
            likely the key is wrong. Never act on it. None if the reply has no code.
    """

    unverified_respcd: str | None = None


class _AnsweredError(QFPayError):
    """The gateway answered with a code other than success."""

    def __init__(self, respcd: str, message: str, reply: Reply) -> None:
        super().__init__(respcd, message, reply)
        self.respcd = respcd
        self.message = message
        self.reply = reply

    def say(self, language: str | None = None) -> str:
        """Return the code and what it means in *language*, with the gateway's own words."""
        return f"{self.respcd}: {said_by(self.reply, language)}"


class UnclearError(_AnsweredError, OutcomeUnknownError):
    """The gateway answered with a code that means "outcome unknown, query".

    Attributes:
        respcd: The four-digit code, for example ``"1298"``.
        reply: The whole reply.
    """


class GatewayError(_AnsweredError):
    """The gateway understood the request and refused it: nothing happened.

    Attributes:
        respcd: The four-digit code, for example ``"1108"``.
        message: What the code means, with the gateway's own words.
        reply: The whole reply, for logs and support tickets.
        order: The order that the request was about, None where there is none.
    """

    order: Order | None = None


class JournalError(QFPayError):
    """The journal can't be read or written; says which file and what to do."""


class BusyError(JournalError):
    """Another process is at this order, or at this file of results; nothing was sent."""


class NotUnderstoodError(JournalError):
    """This qftools can't read a record of the journal.

    Attributes:
        newer: It has something that this qftools does not know, and a newer one may.
    """

    def __init__(self, at: str, problem: str, *, newer: bool = False, **values: object) -> None:
        super().__init__(problem, at=at or "it", **values)
        self.newer = newer


class SandboxError(QFPayError):
    """The sandbox can't do what was asked of it: an unknown order, a file in use."""


def said_by(reply: Reply, language: str | None = None) -> str:
    """Return what a reply's code means in *language*, with the gateway's own words."""
    words = [reply.meaning.say(language), reply.respmsg, reply.resperr]
    return " / ".join(dict.fromkeys(word for word in words if word))


def _filled(text: str, values: Mapping[str, object], language: str) -> str:
    """A text with its values in their places; one of the catalogue's in the language as well."""
    if not values:
        return text  # as it is: it may hold braces of its own
    said = {
        name: value.say(language) if hasattr(value, "say") else of_system(value, language)
        for name, value in values.items()
    }
    return text.format(**said)
