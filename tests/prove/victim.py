"""Runs ``qftools`` in processes of their own that are killed with SIGKILL at an exact call.

    python -m tests.prove.victim < jobs

Each line of standard input is a job: ``{"args": [...], "at": n}``. A fresh process is forked
for it, which types the command and kills itself just before its n-th call that touches the
disk or the network; so every place between two writes can be hit. One line comes back per
job: how the process ended, and how many such calls it made.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import signal
import socket
import sqlite3
import sys
from pathlib import Path
from typing import Any

from qftools.cli import main as command_line

# The calls between which something is on its way: to the disk, or to the gateway.
_TOUCHING = {
    (sqlite3.Connection, "execute"),
    (socket.socket, "connect"),
    (socket.socket, "sendall"),
    (socket.socket, "recv_into"),
    (socket.socket, "close"),
}


class _Fate:
    """Counts the calls, and ends the process at the chosen one."""

    def __init__(self, at: int) -> None:
        self.at, self.count = at, 0

    def __call__(self, frame: Any, event: str, called: Any) -> None:
        if event != "c_call":
            return
        owner = getattr(called, "__self__", None)
        if any(name == called.__name__ and isinstance(owner, kind) for kind, name in _TOUCHING):
            if self.count == self.at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.count += 1


def die_at(job: dict[str, Any], tell: int) -> None:
    """In the forked process: type the command, until the chosen call."""
    fate = _Fate(job["at"])
    sys.setprofile(fate)
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        try:
            command_line.main(job["args"], prog_name="qftools")
        except SystemExit as ended:
            sys.setprofile(None)
            if ended.code == 2:
                raise RuntimeError("the command was typed wrongly") from ended
    sys.setprofile(None)
    os.write(tell, str(fate.count).encode())
    os._exit(0)


def run(job: dict[str, Any]) -> dict[str, Any]:
    """Fork a process for one job, and wait for its end."""
    hear, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hear)
        try:
            die_at(job, tell)
        finally:
            os._exit(1)
    os.close(tell)
    with os.fdopen(hear) as said:
        calls = said.read()
    _, status = os.waitpid(child, 0)
    return {
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "calls": int(calls or 0),
    }


if __name__ == "__main__":
    for part in ("cancellation.run", "journal.journal"):
        importlib.import_module(f"qftools.{part}")  # once, not in every process

    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
