"""qftools: check whether a QFPay payment went through, and cancel it if not.

The front door: hands out the public names, each loaded when it is first asked
for, and defines nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.front_door import front_door

if TYPE_CHECKING:
    from qftools.cancellation.outcome import Outcome as Outcome
    from qftools.cancellation.policy import Policy as Policy
    from qftools.cancellation.refund import arefund as arefund
    from qftools.cancellation.refund import refund as refund
    from qftools.cancellation.routing import route as route
    from qftools.cancellation.run import acancel as acancel
    from qftools.cancellation.run import cancel as cancel
    from qftools.cancellation.verdicts import Verdict as Verdict
    from qftools.client.async_client import AsyncClient as AsyncClient
    from qftools.client.client import Client as Client
    from qftools.diagnosis import Diagnosis as Diagnosis
    from qftools.diagnosis import explain as explain
    from qftools.errors import BusyError as BusyError
    from qftools.errors import GatewayError as GatewayError
    from qftools.errors import InputError as InputError
    from qftools.errors import JournalError as JournalError
    from qftools.errors import NotUnderstoodError as NotUnderstoodError
    from qftools.errors import OutcomeUnknownError as OutcomeUnknownError
    from qftools.errors import QFPayError as QFPayError
    from qftools.errors import RateLimitError as RateLimitError
    from qftools.errors import SandboxError as SandboxError
    from qftools.errors import SignatureError as SignatureError
    from qftools.errors import TransportError as TransportError
    from qftools.errors import UnclearError as UnclearError
    from qftools.errors import WrongPlaceError as WrongPlaceError
    from qftools.journal.journal import Journal as Journal
    from qftools.locale import use_language as use_language
    from qftools.models import Credentials as Credentials
    from qftools.models import Order as Order
    from qftools.models import Reply as Reply
    from qftools.models import Transaction as Transaction
    from qftools.notifications import Inbox as Inbox
    from qftools.notifications import verify_notification as verify_notification
    from qftools.sandbox.sandbox import Sandbox as Sandbox
    from qftools.signing import canonical as canonical
    from qftools.signing import sign as sign
    from qftools.signing import sign_body as sign_body
    from qftools.signing import verify as verify
    from qftools.signing import verify_body as verify_body

__version__ = "0.1.0"

_HOME = {
    "AsyncClient": "client.async_client",
    "BusyError": "errors",
    "Client": "client.client",
    "Credentials": "models",
    "Diagnosis": "diagnosis",
    "GatewayError": "errors",
    "Inbox": "notifications",
    "InputError": "errors",
    "Journal": "journal.journal",
    "JournalError": "errors",
    "NotUnderstoodError": "errors",
    "Order": "models",
    "Outcome": "cancellation.outcome",
    "OutcomeUnknownError": "errors",
    "Policy": "cancellation.policy",
    "QFPayError": "errors",
    "RateLimitError": "errors",
    "Reply": "models",
    "Sandbox": "sandbox.sandbox",
    "SandboxError": "errors",
    "SignatureError": "errors",
    "Transaction": "models",
    "TransportError": "errors",
    "UnclearError": "errors",
    "Verdict": "cancellation.verdicts",
    "WrongPlaceError": "errors",
    "acancel": "cancellation.run",
    "arefund": "cancellation.refund",
    "cancel": "cancellation.run",
    "canonical": "signing",
    "explain": "diagnosis",
    "refund": "cancellation.refund",
    "route": "cancellation.routing",
    "sign": "signing",
    "sign_body": "signing",
    "use_language": "locale",
    "verify": "signing",
    "verify_body": "signing",
    "verify_notification": "notifications",
}

__all__ = [*_HOME, "__version__"]

__getattr__, __dir__ = front_door(__name__, _HOME)
