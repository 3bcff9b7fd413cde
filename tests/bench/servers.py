"""Servers under measurement: started on a loopback port and their own core, stopped by their id."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.bench import cores
from tests.bench.timing import ROOT
from tests.bench.traffic import post, qfpay

PATIENCE = 60.0  # seconds until a server that says nothing is given up


@dataclass
class Server:
    """A server that answers.

    Attributes:
        name: For messages.
        port: On 127.0.0.1.
        process: Its process.
        first_answer: Seconds from its start to its first answer.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]
    first_answer: float

    def memory(self) -> float:
        """Return what it and its children hold in memory, in MiB."""
        return sum(_resident(pid) for pid in _family(self.process.pid))

    def processor_seconds(self) -> float:
        """Return how long it and its children have been computing; 0 where nobody counts."""
        return sum(_computed(pid) for pid in _family(self.process.pid))

    def stop(self) -> None:
        """End it and all that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(
    name: str,
    command: Callable[[int], Sequence[str]],
    hello: bytes,
    *,
    folder: Path = ROOT,
) -> Server:
    """Start a server and wait for its first answer.

    Args:
        name: For messages.
        command: Makes the command for a port.
        hello: A request that it answers with 200.
        folder: Where it runs.

    Raises:
        RuntimeError: It ended, or said nothing.
    """
    port = _free_port()
    began = time.perf_counter()
    process = subprocess.Popen(
        command(port),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=cores.for_server,
    )
    server = Server(name, port, process, 0.0)
    while time.perf_counter() - began < PATIENCE:
        if process.poll() is not None:
            raise RuntimeError(f"{name} ended at once, with status {process.returncode}")
        if _answers(port, hello):
            server.first_answer = time.perf_counter() - began
            return server
        time.sleep(0.002)
    server.stop()
    raise RuntimeError(f"{name} gave no answer in {PATIENCE:g} s")


def sandbox(data: Path | None = None) -> Server:
    """Start ``qftools sandbox`` as its users do."""
    options = ["--data", str(data)] if data else []
    program = str(Path(sys.executable).with_name("qftools"))
    request, _ = next(qfpay(999_999_999_999))
    return start(
        "qftools sandbox",
        lambda port: [program, "sandbox", "--port", str(port), "--quiet", *options],
        request,
    )


def on_waitress() -> Server:
    """Start the sandbox on waitress."""
    request, _ = next(qfpay(999_999_999_999))
    return start(
        "the sandbox on waitress",
        lambda port: [sys.executable, "-m", "tests.bench.on_waitress", str(port)],
        request,
    )


def ask(server: Server, request: bytes) -> bytes:
    """Send one request and return the reply, which must be a 200.

    Raises:
        RuntimeError: It is not.
    """
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
        link.sendall(request)
        reply = link.recv(65536)
    if re.match(rb"HTTP/1\.[01] 200", reply) is None:
        raise RuntimeError(f"{server.name} answered {reply[:200]!r}")
    return reply


def get(path: str) -> bytes:
    """Return a bare GET request."""
    return post(path, "", {}, "GET")


def _answers(port: int, hello: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as link:
            link.sendall(hello)
            return re.match(rb"HTTP/1\.[01] 200", link.recv(4096)) is not None
    except OSError:
        return False  # not there yet


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _family(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    except OSError:
        return [pid]
    return [pid] + [one for child in text.split() for one in _family(int(child))]


def _computed(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0
