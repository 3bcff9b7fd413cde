"""``/``: the dashboard. One page; everything it shows it asks of the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qftools
from qftools.sandbox.web.pages import language, page
from qftools.transport.door import WireRequest, WireResponse, plain

if TYPE_CHECKING:
    from qftools.sandbox.sandbox import Sandbox


class Dashboard:
    """Answers ``/``.

    Args:
        sandbox: What it shows.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request."""
        if request.method not in ("GET", "HEAD"):
            return plain(405, "405 method not allowed", ("Allow", "GET, HEAD"))
        lang = language(request)
        return page(
            "dashboard.html",
            lang,
            code=lang,
            other="zh" if lang == "en" else "en",
            url=self._sandbox.gateway.public_url,
            version=qftools.__version__,
        )
