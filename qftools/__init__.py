"""qftools: find out whether money moved, and call a QFPay payment off if it did not.

The front door: hands out the public names, each loaded when it is first asked
for, and defines nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qftools.cancellation import Outcome as Outcome
    from qftools.cancellation import cancel as cancel
    from qftools.client import Client as Client
    from qftools.diagnosis import Diagnosis as Diagnosis
    from qftools.diagnosis import explain as explain
    from qftools.errors import GatewayError as GatewayError
    from qftools.errors import InputError as InputError
    from qftools.errors import JournalError as JournalError
    from qftools.errors import OutcomeUnknownError as OutcomeUnknownError
    from qftools.errors import QFPayError as QFPayError
    from qftools.errors import SignatureError as SignatureError
    from qftools.errors import TransportError as TransportError
    from qftools.journal import Journal as Journal
    from qftools.locale import use_language as use_language
    from qftools.models import Credentials as Credentials
    from qftools.models import Order as Order
    from qftools.models import Reply as Reply
    from qftools.models import Transaction as Transaction
    from qftools.policy import Policy as Policy
    from qftools.routing import route as route
    from qftools.signing import canonical as canonical
    from qftools.signing import sign as sign
    from qftools.signing import sign_body as sign_body
    from qftools.signing import verify as verify
    from qftools.signing import verify_body as verify_body
    from qftools.verdicts import Verdict as Verdict

__version__ = "0.1.0"

_HOME = {
    "Client": "client",
    "Credentials": "models",
    "Diagnosis": "diagnosis",
    "GatewayError": "errors",
    "InputError": "errors",
    "Journal": "journal",
    "JournalError": "errors",
    "Order": "models",
    "Outcome": "cancellation",
    "OutcomeUnknownError": "errors",
    "Policy": "policy",
    "QFPayError": "errors",
    "Reply": "models",
    "SignatureError": "errors",
    "Transaction": "models",
    "TransportError": "errors",
    "Verdict": "verdicts",
    "cancel": "cancellation",
    "canonical": "signing",
    "explain": "diagnosis",
    "route": "routing",
    "sign": "signing",
    "sign_body": "signing",
    "use_language": "locale",
    "verify": "signing",
    "verify_body": "signing",
}

__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'qftools' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"qftools.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
