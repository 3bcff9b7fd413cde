"""``qftools replay``: send a recorded request to a sandbox on this machine, and to nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, json_option, option, print_json
from qftools.cli.explain import read_paste
from qftools.locale import mark, text

if TYPE_CHECKING:
    import requests

    from qftools.exchange import Request
    from qftools.sandbox import Sandbox

_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


@click.command(
    cls=Command,
    short_help=mark("Send a recorded request to a sandbox"),
    help=mark(
        "Send a recorded request to a sandbox on this machine, and show the answer.\n"
        "\n"
        "The request is sent to no other machine: without an address, to an embedded sandbox "
        "that knows the request's app code; with an address, only to this machine. With "
        "--resign it is signed again with the sandbox's credentials."
    ),
)
@click.argument(
    "file",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    default="-",
)
@option(
    "--base-url",
    metavar="URL",
    help=mark("The address of a running sandbox on this machine; an embedded one if left out."),
)
@option(
    "--resign", is_flag=True, help=mark("Sign the parameters again, as the sandbox's merchant.")
)
@option(
    "--request", "which", type=click.IntRange(1), default=1, help=mark("Which request of the file.")
)
@json_option
def replay(file: Path, base_url: str | None, resign: bool, which: int, as_json: bool) -> None:
    """Send a recorded request to a sandbox, never elsewhere."""
    from qftools.diagnosis.reading.reader import read
    from qftools.sandbox import Sandbox

    found = [paste.request for paste in read(read_paste(file)) if paste.request is not None]
    if which > len(found):
        raise click.UsageError(text("There is no request in it to send."))
    request = found[which - 1]
    url = _loopback(base_url)
    with Sandbox(clock="real", **_account(request, resign)) as sandbox:
        answer = _sent(request, url, sandbox, resign)
    if as_json:
        print_json({"status": answer.status_code, "body": answer.text})
    else:
        click.echo(f"HTTP {answer.status_code}")
        click.echo(output.plain(answer.text))
    raise SystemExit(exits.DONE if _accepted(answer) else exits.REFUSED)


def _loopback(base_url: str | None) -> str | None:
    from qftools.transport.addresses import AddressError, read_address

    if base_url is None:
        return None
    try:
        address = read_address(base_url)
        here = address.scheme == "http" and address.is_loopback
    except AddressError:
        here = False
    if not here:
        refusal = "--base-url {url} is not this machine; a recorded request goes to a sandbox only."
        raise click.UsageError(text(refusal).format(url=output.plain(base_url)))
    return address.url.rstrip("/")


def _account(request: Request, resign: bool) -> dict[str, Any]:
    """The sandbox's merchant: the one of the request, with the key at hand."""
    import os

    if resign:
        return {}
    given = {
        "app_code": request.header("X-QF-APPCODE"),
        "client_key": os.environ.get("QFTOOLS_CLIENT_KEY"),
    }
    return {name: value for name, value in given.items() if value}


def _sent(request: Request, url: str | None, sandbox: Sandbox, resign: bool) -> requests.Response:
    import requests

    from qftools.transport.deadline import DeadlineAdapter

    parts = request.url.partition("/trade/")
    path = "".join(parts[1:]) if parts[1] else request.path
    prepared = requests.PreparedRequest()
    prepared.method = request.method
    prepared.url = f"{url or sandbox.url}/{path.lstrip('/')}"
    dropped = {"host", "content-length", "connection", "accept-encoding"}
    kept = [row for row in request.headers if row[0].lower() not in dropped]
    prepared.body = request.body or None
    adapter = DeadlineAdapter() if url else sandbox._adapter()
    try:
        headers = dict(_on_the_wire(*row) for row in kept)
        prepared.headers = requests.structures.CaseInsensitiveDict(headers)
        if resign:
            _resign(prepared, request, sandbox)
        if prepared.body:
            prepared.headers["Content-Length"] = str(len(prepared.body))
        return adapter.send(prepared, timeout=60)
    except requests.RequestException as error:
        from qftools.errors import TransportError

        raise TransportError(
            "no reply from {path}: {cause}", path=prepared.url, cause=type(error).__name__
        ) from None
    except ValueError as error:  # bytes that are no text; a method or header that is none
        said = text("This request can't be sent unchanged; nothing was sent ({cause}).")
        raise click.UsageError(said.format(cause=type(error).__name__)) from None
    finally:
        adapter.close()


def _on_the_wire(name: str, value: str) -> tuple[str, str]:
    """A header as it is sent: UTF-8, which WSGI and `http.client` hold as Latin-1."""
    if _CONTROL.search(name + value):
        said = text("The header {name} holds a line break or control character; nothing was sent.")
        raise click.UsageError(said.format(name=output.plain(name)))
    return name, value.encode("utf-8", "surrogateescape").decode("latin-1")


def _resign(prepared: requests.PreparedRequest, request: Request, sandbox: Sandbox) -> None:
    from urllib.parse import urlencode

    from qftools.signing import sign

    credentials = sandbox.credentials
    left_out = ("sign", "sign_type")
    params = {name: value for name, value in request.params.items() if name not in left_out}
    prepared.url = str(prepared.url).partition("?")[0]
    prepared.body = urlencode(params).encode()
    prepared.headers.pop("X-QF-SIGNTYPE", None)
    prepared.headers.update(
        {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-QF-APPCODE": credentials.app_code,
            "X-QF-SIGN": sign(params, credentials.client_key),
        }
    )


def _accepted(answer: requests.Response) -> bool:
    from qftools.diagnosis.reading.json_text import load_json

    body = load_json(answer.text)
    return answer.status_code == 200 and isinstance(body, dict) and body.get("respcd") == "0000"
