"""A cancel or a refund as one span of OpenTelemetry, where the program uses it.

Nothing of it is imported here: a program that has set OpenTelemetry up has loaded its API.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qftools.cancellation.outcome import Outcome

_ASKED = ("step", "endpoint", "finding", "respcd")


def attributes(outcome: Outcome) -> dict[str, Any]:
    """Return what a span says of *outcome*: verdict, order, and its steps. No secret is in it.

    Example:
        >>> from qftools import cancel
        >>> from qftools.sandbox import Sandbox
        >>> with Sandbox() as sandbox:
        ...     client = sandbox.client()
        ...     order = client.pay(
        ...         pay_type="800101", txamt=2500, txcurrcd="HKD", out_trade_no="A1"
        ...     )
        ...     found = attributes(cancel(client, order))
        >>> found["qfpay.verdict"], found["qfpay.out_trade_no"]
        ('CANCELLED', 'A1')
        >>> found["qfpay.steps"]
        ['LOOK query OPEN 1143', 'CANCEL reversal CANCELLED 0000', 'CONFIRM query CANCELLED 1142']
    """
    told = outcome.to_dict("en")
    steps = [" ".join(str(step[part]) for part in _ASKED if step[part]) for step in told["steps"]]
    order = {name: told[name] for name in ("out_trade_no", "syssn", "pay_type")}
    said = {"verdict": told["verdict"], "reason": told["reason"], **order, "steps": steps}
    return {f"qfpay.{name}": value for name, value in said.items() if value}


@contextmanager
def span(of: str = "cancel") -> Iterator[Callable[[Outcome], None]]:
    """Open a span around a cancel or a refund; what it gives is to be called with the outcome."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        yield lambda outcome: None
        return
    # The message of an exception can quote a value: its type alone is recorded.
    quiet = {"record_exception": False, "set_status_on_exception": False}
    with api.get_tracer("qftools").start_as_current_span(f"qfpay {of}", **quiet) as opened:

        def tell(outcome: Outcome) -> None:
            if opened.is_recording():  # else a span of the bare API, of which nothing is kept
                opened.set_attributes(attributes(outcome))

        try:
            yield tell
        except BaseException as error:
            opened.set_status(api.Status(api.StatusCode.ERROR, type(error).__name__))
            raise
