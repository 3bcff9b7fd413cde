"""What was found in a paste: one exchange with its roles, and how sure its bytes are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from qftools.exchange import Request, Response

#: Characters of a paste that are read at most; a longer one is refused, not cut.
LONGEST = 4_000_000  # of JSON: a HAR holds much besides
LONGEST_TEXT = 500_000  # of anything else
MOST_REQUESTS = 200


Role = Literal["request", "answer", "notification", "code", "sentence"]


@dataclass(frozen=True, slots=True)
class Paste:
    """One request, answer, notification or code that was found in a paste.

    Attributes:
        form: How it was written: a row of `FORMS`, or exchange.
        request: What was, or would be, sent; the notification, where it is one.
        response: What came back. Of a bare code or a sentence, an answer with that ``respcd``.
        signature: The given signature, where no header holds it.
        signed_text: The text that was hashed, as the paste shows it.
        partial: The paste does not show the whole request: nothing in it is called missing.
        insecure: The check of the certificate is switched off.
        files: Files that the command would send; their content is not known.
        endpoint: The gateway's name for the call; empty where it is not known.
        role: request (perhaps with its answer), answer, notification, code (a bare ``1145``), or
            sentence (a customer's or an exception's words, which are in *text*).
        rebuilt: The body of the answer or the notification was put together from a dump: its
            fields are right, its bytes are not those that the gateway signed.
        text: The words around a code.
        readings: The other ways to read a dump whose values stand without quotes.
        unread: Fields that the paste names, of which no value was read, or not the whole one.
        proved: The signature proves that it was read as it was sent.
    """

    form: str
    request: Request | None = None
    response: Response | None = None
    signature: str | None = None
    signed_text: str | None = field(default=None, repr=False)
    partial: bool = False
    insecure: bool = False
    files: tuple[str, ...] = ()
    endpoint: str = ""
    role: Role = "request"
    rebuilt: bool = False
    text: str = field(default="", repr=False)
    readings: tuple[Request, ...] = field(default=(), repr=False)
    unread: tuple[str, ...] = ()
    proved: bool = False
