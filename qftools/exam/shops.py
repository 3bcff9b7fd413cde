"""The three ways to reach a shop: a command, an address, a Python function.

A shop that is started again is asked for the same sale. Nothing here judges what it says.
"""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from string import Formatter
from typing import IO, Protocol
from urllib.parse import urlsplit

from qftools.errors import InputError
from qftools.exam.beliefs import Belief, read
from qftools.exam.silence import Silence, of_output
from qftools.exam.stage import Sale, ShopKilled, Stage, without_ours
from qftools.exchange.redaction import redactor_for
from qftools.locale import mark

MOST_SAID = 4_000  # characters of what a shop wrote
WORDS = ("amount", "currency", "pay_type", "auth_code", "number", "port")
STARTS = 15.0  # seconds until a server that was started must listen


@dataclass(frozen=True, slots=True)
class Answer:
    """What a shop said.

    Attributes:
        belief: None where it said nothing that can be read.
        said: The end of what it wrote, without the key.
        silence: Why it said nothing that can be read; of no meaning where it has a belief.
    """

    belief: Belief | None
    said: str = ""
    silence: Silence = Silence()


class Shop(Protocol):
    """A shop that can be examined.

    Attributes:
        served: Whether it needs an address of the gateway; else the exam runs in process.
        scans: Whether it can be given a payer's code.
        restarts: Whether it can be killed and started again.
        real: Whether its time is the machine's; else only the sandbox's, which takes none.
    """

    served: bool
    real: bool
    scans: bool
    restarts: bool

    def start(self, stage: Stage) -> None:
        """Start it, or start it again."""

    def sell(self, stage: Stage) -> Answer:
        """Ask it to sell; for a sale that it knows, ask what became of it."""

    def stop(self) -> None:
        """Stop what was started."""


class Command:
    """A program that is started for each sale.

    Args:
        line: The command line, with ``{amount}``, ``{currency}``, ``{pay_type}``, and if the shop
            has use for them ``{auth_code}`` and ``{number}``.
        environment: Variables of the shop's own, with ``{url}``, ``{app_code}``, ``{client_key}``,
            ``{journal}`` and ``{clock}`` in their values.
        limit: Seconds that one run may take.

    Raises:
        InputError: The command line is none, or has a word in braces that means nothing.
    """

    served = True
    real = True
    restarts = True

    def __init__(
        self, line: str, *, environment: Mapping[str, str] | None = None, limit: float = 60.0
    ) -> None:
        self._words = command_words(line)
        self.scans = "{auth_code}" in line
        self._environment = dict(environment or {})
        self._limit = limit

    def start(self, stage: Stage) -> None:
        """Nothing runs between two sales."""

    def sell(self, stage: Stage) -> Answer:
        """Run it, and read its last line."""
        with tempfile.TemporaryFile() as out:
            process = _started(self._words, stage, self._environment, out)
            stage.kill = lambda: kill(process)
            status = _ended(process, self._limit)
            said = _tail(out, stage)
        if status is None:
            return Answer(read(said), said, Silence("no-answer-late", f"{self._limit:g}"))
        return Answer(read(said, status), said, of_output(said, status))

    def stop(self) -> None:
        """Nothing runs between two sales."""


class Address:
    """A shop that runs, and sells when it is asked by HTTP.

    It gets a POST of a form with ``amount``, ``currency``, ``pay_type``, ``number`` and, where
    the shop scans, ``auth_code``. The last line of its answer says what it believes.

    Args:
        url: Where it sells.
        start: The command that starts it; None: it runs already.
        environment: As for `Command`.
        limit: Seconds that one answer may take.
    """

    served = True
    real = True
    scans = True

    def __init__(
        self,
        url: str,
        *,
        start: str | None = None,
        environment: Mapping[str, str] | None = None,
        limit: float = 60.0,
    ) -> None:
        self._url = url
        self._words = command_words(start) if start else ()
        self.restarts = bool(start)
        self._environment = dict(environment or {})
        self._limit = limit
        self._server: Server | None = None

    def start(self, stage: Stage) -> None:
        """Start it, if it does not run already."""
        if self._words:
            self.stop()
            self._server = server = Server(self._words, stage, self._environment)
            stage.kill = server.stop
            server.wait_for(urlsplit(self._url).port or 80)

    def sell(self, stage: Stage) -> Answer:
        """Ask it."""
        import requests

        from qftools.transport.deadline import direct

        with direct() as session:
            try:
                got = session.post(self._url, data=_form(stage.sale), timeout=(5.0, self._limit))
            except requests.ReadTimeout as error:
                late = Silence("no-answer-late", f"{self._limit:g}")
                return Answer(None, type(error).__name__, late)
            except requests.RequestException as error:
                name = type(error).__name__
                return Answer(None, name, Silence("no-answer-failed", name))
            said = redactor_for(_keys(stage)).text(got.text[-MOST_SAID:])
            if got.status_code != 200:
                failed = Silence("no-answer-failed", f"HTTP {got.status_code}")
                return Answer(None, said, failed)
            return Answer(read(said), said, of_output(said))

    def stop(self) -> None:
        """Stop it, if it was started here."""
        if self._server is not None:
            self._server.stop()
            self._server = None


class Function:
    """A Python function that takes a `Sale` and returns what it believes.

    Args:
        function: It reaches the gateway by ``sale.client()``, or by ``sale.environment``.
        served: Whether it uses the address; else everything runs in process, in virtual time.
    """

    scans = True
    restarts = True
    real = False

    def __init__(self, function: Callable[[Sale], object], *, served: bool = False) -> None:
        self._function = function
        self.served = served

    def start(self, stage: Stage) -> None:
        """Nothing runs between two sales."""

    def sell(self, stage: Stage) -> Answer:
        """Call it. From its death on, nothing of it reaches the gateway any more."""
        if self.served:
            stage.kill = lambda: _unplug(stage)
        try:
            said = str(self._function(stage.sale))
        except ShopKilled:
            return Answer(None)
        except Exception as error:
            if not stage.dead:
                failed = Silence("no-answer-failed", type(error).__name__)
                return Answer(None, f"{type(error).__name__}: {error}", failed)
            return Answer(None)
        finally:
            if stage.dead and self.served:
                stage.sandbox._gateway.faults.clear()
        return Answer(read(said), said, of_output(said))

    def stop(self) -> None:
        """Nothing runs between two sales."""


def _unplug(stage: Stage) -> None:
    """Let nothing reach the gateway any more. Called while it answers: its lock is held."""
    stage.sandbox._gateway.faults.clear()
    stage.sandbox._gateway.faults.arm("refused", times=None)


# -- programs -------------------------------------------------------------------------


class Server:
    """A program that listens: a shop that runs, or a receiver of notifications."""

    def __init__(
        self, words: Sequence[str], stage: Stage, environment: Mapping[str, str], port: int = 0
    ) -> None:
        self._process = _started(words, stage, environment, subprocess.DEVNULL, port)

    def wait_for(self, port: int) -> None:
        """Return once it listens.

        Raises:
            InputError: It ended, or never did.
        """
        end = time.monotonic() + STARTS
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                return
            time.sleep(0.02)
        raise InputError(
            *("command", mark("does not listen on port {port}"), mark("a server that does")),
            port=port,
        )

    def stop(self) -> None:
        """Kill it."""
        kill(self._process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a program and everything that it started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:  # Windows
            process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)


def command_words(line: str) -> tuple[str, ...]:
    """Return the words of a command line.

    Raises:
        InputError: It is none, or has a word in braces that means nothing.
    """
    try:
        words = tuple(shlex.split(line, posix=os.name != "nt"))
        named = {name for word in words for _, name, _, _ in Formatter().parse(word) if name}
    except ValueError as error:
        raise InputError("command", "is {value!r}", "a command line", value=line) from error
    if unknown := named - set(WORDS):
        wrong = " ".join(f"{{{word}}}" for word in sorted(unknown))
        raise InputError(
            *("command", mark("has {wrong} in it"), mark("one with {known} only")),
            wrong=wrong,
            known=" ".join(f"{{{word}}}" for word in WORDS),
        )
    if not words:
        raise InputError("command", "is {value!r}", "a command line", value=line)
    return words


def _started(
    words: Sequence[str],
    stage: Stage,
    environment: Mapping[str, str],
    out: IO[bytes] | int,
    port: int = 0,
) -> subprocess.Popen[bytes]:
    sale = stage.sale
    values = {**_form(sale), "auth_code": sale.auth_code, "port": str(port)}
    line = [word.format(**values) for word in words]
    try:
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=without_ours() | dict(sale.environment) | _named(environment, sale),
            start_new_session=True,
        )
    except OSError as error:
        raise InputError(
            *("command", mark("can't be started ({reason}): {value}"), mark("a program")),
            reason=error.strerror,
            value=line[0],
        ) from error


def _named(environment: Mapping[str, str], sale: Sale) -> dict[str, str]:
    """Return the shop's own variables, filled in."""
    given = sale.environment
    values = {
        "url": given["QFTOOLS_BASE_URL"],
        "app_code": given["QFTOOLS_APP_CODE"],
        "client_key": given["QFTOOLS_CLIENT_KEY"],
        "journal": given["QFTOOLS_JOURNAL"],
        "clock": given["QFTOOLS_CLOCK"],
    }
    try:
        return {name: value.format(**values) for name, value in environment.items()}
    except (KeyError, ValueError, IndexError) as error:
        known = " ".join(f"{{{word}}}" for word in values)
        raise InputError(
            *("env", mark("has {wrong} in it"), mark("one with {known} only")),
            wrong=str(error),
            known=known,
        ) from None


def _ended(process: subprocess.Popen[bytes], limit: float) -> int | None:
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        kill(process)
        return None
    except BaseException:  # Ctrl-C: the shop is in a session of its own
        kill(process)
        raise


def _tail(out: IO[bytes], stage: Stage) -> str:
    size = out.seek(0, os.SEEK_END)
    out.seek(max(0, size - MOST_SAID))
    return redactor_for(_keys(stage)).text(out.read().decode("utf-8", "replace"))


def _keys(stage: Stage) -> frozenset[str]:
    return frozenset({stage.sale.environment["QFTOOLS_CLIENT_KEY"]})


def _form(sale: Sale) -> dict[str, str]:
    told = {
        "amount": str(sale.txamt),
        "currency": sale.txcurrcd,
        "pay_type": sale.pay_type,
        "number": sale.number,
    }
    return told | ({"auth_code": sale.auth_code} if sale.auth_code else {})
