"""``qftools listen``: a merchant's receiver on loopback that shows what arrives."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from qftools.cli import exits, output
from qftools.cli.command import Command, client_key_option, json_option, option
from qftools.locale import mark, text
from qftools.texts import of_system
from qftools.transport.door import Door, WireRequest, WireResponse, plain

if TYPE_CHECKING:
    from qftools.sandbox.notifications.receiver import Arrival, Check, Receiver


@click.command(
    cls=Command,
    short_help=mark("Receive notifications, and show their signature check and retry number"),
    help=mark(
        "Receive notifications on this machine until Ctrl-C: show each with its signature "
        "check and retry number, and acknowledge it.\n"
        "\n"
        "With --sandbox the sandbox sends its notifications here, and checks their signatures "
        "if no key is given. Without key and sandbox a signature is not checked, unless it is "
        "that of a sandbox that was started without a key. With --forward each notification is "
        "passed unchanged to your own receiver, and your receiver's answer is returned."
    ),
)
@option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8788,
    show_default=True,
    help=mark("Port on 127.0.0.1; 0 takes a free one."),
)
@option("--forward", metavar="URL", help=mark("Your own receiver."))
@option(
    "--sandbox",
    metavar="URL",
    help=mark("A running sandbox; it is told to send its notifications here."),
)
@option(
    "--answer",
    default="SUCCESS",
    show_default=True,
    help=mark("The answer; with anything but SUCCESS the gateway sends it again."),
)
@client_key_option
@json_option
def listen(
    port: int,
    forward: str | None,
    sandbox: str | None,
    answer: str,
    client_key: str | None,
    as_json: bool,
) -> None:
    """Receive notifications until Ctrl-C or SIGTERM."""
    from qftools.sandbox.notifications.post import check
    from qftools.sandbox.notifications.receiver import Receiver
    from qftools.transport import server as door

    if forward:
        check(forward, anywhere=True)
    receiver = Receiver(check=_check(client_key, sandbox))
    shown = _Shown(receiver, forward, answer, as_json)
    try:
        server = door.listen(shown, "127.0.0.1", port)
    except OSError as error:
        raise click.UsageError(
            text("Can't listen on port {port}: {reason}. --port 0 takes a free one.").format(
                port=port, reason=of_system(error.strerror)
            )
        ) from error
    url = f"{server.url}/"
    stopped = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    threading.Thread(target=server.run, daemon=True).start()
    try:
        if sandbox:
            _tell(sandbox, url)
        ready = text("Listening at {url}. Ctrl-C stops it.").format(url=url)
        click.echo(output.as_json({"ready": url}) if as_json else ready)
        while not stopped.wait(1):  # on Windows Ctrl-C does not end a wait without a limit
            pass
    finally:
        if sandbox:
            _tell(sandbox, "", quietly=True)
        server.stop()
    raise exits.ServerStopped(exits.DONE)


def _tell(sandbox: str, url: str, *, quietly: bool = False) -> None:
    """Tell a sandbox where its notifications go.

    Raises:
        SandboxError: There is no sandbox at that address.
    """
    from qftools.errors import SandboxError
    from qftools.sandbox.control.remote import Remote

    try:
        Remote(sandbox).call("POST", "/sandbox/notifications", {"url": url})
    except SandboxError:
        if not quietly:
            raise


def _check(client_key: str | None, sandbox: str | None) -> Check:
    """Check with the given key; without one the sandbox checks, and no key is sent."""
    from qftools.errors import SandboxError
    from qftools.sandbox.control.remote import Remote
    from qftools.sandbox.notifications.receiver import check_with
    from qftools.sandbox.sandbox import CLIENT_KEY

    by_key = check_with(client_key or CLIENT_KEY)

    def check(body: bytes, signature: str) -> tuple[bool | None, str]:
        if not sandbox:
            signed, why = by_key(body, signature)
            if signed or client_key:
                return signed, why
            return None, text("No key was given to check it with: --client-key or --sandbox.")
        if client_key and by_key(body, signature)[0]:
            return True, ""
        asked = {"signature": signature, "body": body.decode("utf-8", "replace")}
        try:
            signed = Remote(sandbox).call("POST", "/sandbox/notification-check", asked)["signed"]
        except SandboxError as error:
            return None, error.say()
        if not signed:
            return False, text("None of the sandbox's merchants signed this body.")
        if client_key:
            return False, text("The sandbox signed it, with another key than the one given here.")
        return True, ""

    return check


class _Shown(Door):
    """Checks, shows, forwards and answers notifications."""

    waits = True  # for the sandbox, or for the receiver behind

    def __init__(self, receiver: Receiver, forward: str | None, answer: str, as_json: bool) -> None:
        super().__init__()
        self._receiver = receiver
        self._forward = forward
        self._answer = answer
        self._as_json = as_json
        self._redactor = output.redactor()  # here: requests come in other threads
        self._lock = threading.Lock()

    def answered(self, request: WireRequest) -> WireResponse:
        """Show one notification, and answer it."""
        if request.method != "POST":
            return plain(405, "405 POST only", ("Allow", "POST"))
        headers = {
            "X-QF-SIGN": request.headers.get("x-qf-sign", ""),
            "Content-Type": request.headers.get("content-type", ""),
        }
        with self._lock:
            arrival = self._receiver.receive(headers, request.body)
            status, answer = self._answered(arrival, headers)
            self._show(arrival, status, answer)
        return WireResponse(status, (("Content-Type", "text/plain"),), answer)

    def _answered(self, arrival: Arrival, headers: Mapping[str, str]) -> tuple[int, bytes]:
        from qftools.sandbox.notifications.post import post

        if self._forward:
            # A forged notification is forwarded too: the receiver has to reject it itself.
            posted = post(self._forward, headers, arrival.body, anywhere=True)
            return posted.status or 502, posted.body
        return (403, b"") if arrival.signed is False else (200, self._answer.encode())

    def _show(self, arrival: Arrival, status: int, answer: bytes) -> None:
        redactor = self._redactor
        fields = redactor.plain(dict(arrival.fields))
        told = redactor.text(answer.decode("utf-8", "replace"))
        if self._as_json:
            line = {
                "signed": arrival.signed,
                "why": arrival.why,
                "retry": arrival.retry,
                "status": status,
                "answer": told,
                "notification": fields,
            }
            click.echo(output.as_json(line))
            return
        amount = output.amount(str(fields.get("txamt", "")), str(fields.get("txcurrcd", "")))
        signed, colour = {
            True: (text("signature right"), "green"),
            False: (text("signature wrong"), "red"),
            None: (text("signature not checked"), "yellow"),
        }[arrival.signed]
        retry = text("retry {number}").format(number=arrival.retry)
        named = (fields.get("notify_type", "?"), fields.get("out_trade_no", "?"), amount)
        words = [
            *map(output.plain, named),
            click.style(signed, fg=colour),
            retry if arrival.retry else text("first delivery"),
            output.plain(f"-> HTTP {status} {told[:40]}"),
        ]
        click.echo("  ".join(words))
        if arrival.why:
            click.echo(f"  {output.plain(arrival.why)}")
