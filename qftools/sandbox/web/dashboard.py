"""``/``: the dashboard. One page; it reads everything from the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qftools
from qftools.sandbox.web.pages import language, page
from qftools.transport.door import WireRequest, WireResponse, plain

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway


class Dashboard:
    """Answers ``/``.

    Args:
        gateway: Its address is on the page.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request."""
        if request.method not in ("GET", "HEAD"):
            return plain(405, "405 method not allowed", ("Allow", "GET, HEAD"))
        shown = {"url": self._gateway.public_url, "version": qftools.__version__}
        return page("dashboard.html", language(request), **shown)
