"""``/``: the workbench. One page; it reads everything from the control API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import qftools
from qftools.markup import el
from qftools.sandbox.web.pages import language, page
from qftools.sandbox.words import say
from qftools.transport.door import WireRequest, WireResponse, plain

if TYPE_CHECKING:
    from qftools.sandbox.gateway.gateway import Gateway


class Workbench:
    """Answers ``/``.

    Args:
        gateway: Its address is on the page.
        static: Where the files of the page are.
        real: Where the calls go, if real money can move there: the page says so before all else.
    """

    def __init__(self, gateway: Gateway, static: str = "/static", real: str = "") -> None:
        self._gateway = gateway
        self._static = static
        self._real = real

    def __call__(self, request: WireRequest) -> WireResponse:
        """Answer one request."""
        if request.method not in ("GET", "HEAD"):
            return plain(405, "405 method not allowed", ("Allow", "GET, HEAD"))
        lang = language(request)
        said = say("real_is", lang).format(url=self._real)
        return page(
            "workbench.html",
            lang,
            static=self._static,
            url=self._gateway.public_url,
            version=qftools.__version__,
            clock=say("clock" if self._gateway.keeps_the_books else "clock_of_tap", lang),
            real_html=el("p", said, cls="real", id="real", role="alert", hidden=not self._real),
        )
