"""A sandbox that runs elsewhere on this machine, through its control API."""

from __future__ import annotations

import os
from typing import Any

import requests

from qftools.errors import SandboxError
from qftools.locale import language
from qftools.transport.addresses import AddressError, read_address
from qftools.transport.deadline import direct

DEFAULT_URL = "http://127.0.0.1:8787"
TIMEOUT = (3.0, 30.0)
TOKEN = "QFTOOLS_CONTROL_TOKEN"  # the variable that holds it


class Remote:
    """The control API of a running sandbox.

    Args:
        url: Where it is.

    Raises:
        SandboxError: The address is none of this machine's.

    Example:
        >>> Remote("https://openapi.qfapi.com")
        Traceback (most recent call last):
        ...
        qftools.errors.SandboxError: https://openapi.qfapi.com is no address of a sandbox here
    """

    def __init__(self, url: str = DEFAULT_URL) -> None:
        try:
            address = read_address(url)
        except AddressError as error:
            raise SandboxError("this is no address of a sandbox: {error}", error=error) from None
        if address.scheme != "http" or not address.is_loopback:
            raise SandboxError("{url} is no address of a sandbox here", url=url[:100])
        self.url = address.url.rstrip("/")

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Make one call and return what it answers.

        Raises:
            SandboxError: No sandbox answers there, or it refuses.
        """
        token = os.environ.get(TOKEN, "").encode("utf-8", "replace")
        headers: dict[str, str | bytes] = {"Accept-Language": language()}
        if token:
            headers["Authorization"] = b"Bearer " + token
        with direct() as session:
            try:
                answer = session.request(
                    method,
                    self.url + path,
                    json=body,
                    headers=headers,
                    timeout=TIMEOUT,
                    allow_redirects=False,
                )
                if answer.status_code == 401:
                    raise SandboxError(
                        "the sandbox at {url} wants its control token: set {variable}",
                        url=self.url,
                        variable=TOKEN,
                    )
                value = answer.json() if not answer.is_redirect else None
            except (requests.RequestException, ValueError) as error:
                raise SandboxError(
                    "no sandbox answers at {url}; start one with `qftools sandbox`, or name "
                    "another with --sandbox",
                    url=self.url,
                ) from error
        if answer.is_redirect:  # it would lead away from the address that was checked
            raise SandboxError("{url} answers with a redirect; no sandbox does", url=self.url)
        if not answer.ok:
            message = value.get("error", {}).get("message", "") if isinstance(value, dict) else ""
            if message:
                raise SandboxError(message)  # it speaks our language: see the header above
            raise SandboxError("the sandbox answers HTTP {status}", status=answer.status_code)
        return value
