"""Past a tap to a sandbox in the same process: no socket, so that it runs in a browser, too."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from qftools.exchange import Request, Response
from qftools.sandbox.web.in_process import InProcessAdapter
from qftools.tap.relay import Passed
from qftools.transport.door import WireRequest, WireResponse

if TYPE_CHECKING:
    from qftools.sandbox import Sandbox
    from qftools.tap.tap import Tap


class PassingAdapter(InProcessAdapter):
    """A `requests` transport to a sandbox; the tap sees what passes, and may keep a reply back.

    Args:
        sandbox: Answers.
        tap: Is told.
    """

    def __init__(self, sandbox: Sandbox, tap: Tap) -> None:
        super().__init__(sandbox._assembly.app, sandbox.clock)
        self._tap = tap

    def answered(self, request: Request, limit: float | None) -> WireResponse:
        """Return the sandbox's answer, and what the tap lets become of it.

        Raises:
            TimeoutError: It comes later than *limit* seconds.
        """
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers}
        wire = WireRequest(
            request.method, parts.path, parts.query, {"host": parts.netloc, **headers}, request.body
        )
        if (own := self._tap.answered(wire)) is not None:
            return own
        fault = self._tap.fault(wire)
        started = self._clock.now()

        def note(answer: WireResponse | None) -> None:
            response = error = None
            if answer is not None and answer.fate == "answer":
                response = Response(answer.status, answer.headers, answer.body)
            else:
                error = "the reply did not come whole"
            seconds = self._clock.now() - started
            self._tap.passed(Passed(wire, request, response, error, True, fault, started, seconds))

        try:
            answer = super().answered(request, limit)
        except TimeoutError:
            note(None)
            raise
        note(answer)
        if fault is None or answer.fate != "answer":
            return answer
        if fault.name == "slow":
            self._clock.sleep(fault.seconds if limit is None else min(limit, fault.seconds))
            if limit is not None and fault.seconds >= limit:
                raise TimeoutError(f"Read timed out. (read timeout={limit})")
        return answer.with_fate(self._tap.fate_of(fault))
