"""The README's commands, word for word but for the ports, against a sandbox started by them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

ROOT = Path(__file__).parents[1]


@pytest.fixture(params=["README.md", "README.zh.md"])
def commands(request):
    """Every line that a reader copies into a shell, in order."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / request.param).read_text("utf-8"), re.S)
    return [line[2:] for block in blocks for line in block.splitlines() if line[:2] == "$ "]


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def shell(tmp_path, port):
    """Starts what it is given in a shell, as a reader would who has activated .venv."""
    environment = {name: value for name, value in os.environ.items() if name[:8] != "QFTOOLS_"}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}",
        "XDG_STATE_HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "LANGUAGE": "en",
    }

    def start(*lines):
        script = "\n".join(["set -e", *lines]).replace("8787", str(port))
        return subprocess.Popen(
            ["bash", "-c", f"{script}\n"],
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    return start


def said(process):
    """What a script printed; it must have ended well."""
    output = process.communicate(timeout=240)[0]
    assert process.returncode == 0, output
    return output


@contextmanager
def running(process):
    """A server until it is interrupted; yields what it prints, from the line that says ready."""
    try:
        assert "http://127.0.0.1:" in process.stdout.readline()
        yield process.stdout
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 0


def named(commands, *starts):
    return [line for line in commands if line.startswith(starts)]


@pytest.mark.skipif(shutil.which("bash") is None, reason="the README's commands are bash")
def test_what_the_readme_shows_works(commands, shell, port):
    (sandbox,) = named(commands, "qftools sandbox ")
    (listen,) = named(commands, "qftools listen ")
    exports = named(commands, "export ")
    session = named(commands, "qftools pay ", "qftools query ", "qftools cancel ")
    pending, report = named(commands, "qftools pending"), named(commands, "qftools report")

    with running(shell(f"exec {sandbox}")):
        printed = said(shell(*exports, *session, *pending))
        judged = said(shell(report[0].replace("report", f"report --sandbox {url(port)}", 1)))
        with running(
            shell(*exports, "exec " + listen.replace("listen", "listen --port 0", 1))
        ) as lines:
            said(shell(*exports, session[0].replace("A1", "A2")))
            paid = {"act": "pay"}
            requests.post(f"{url(port)}/sandbox/payer/A2", json=paid, timeout=60).raise_for_status()
            notified = lines.readline()

    assert "Placed, not paid" in printed
    assert re.search(r"^ *open +2500 \(HKD 25\.00\)", printed, re.M)
    assert [line.split()[0] for line in printed.splitlines() if line.startswith(("LOOK", "C"))] == [
        *("Cancel", "LOOK", "CANCEL", "CONFIRM", "CANCELLED")
    ]
    assert printed.endswith("No unfinished cancels.\n")
    assert "no mistakes found" in judged
    assert "A2" in notified and "signature right" in notified


def url(port):
    return f"http://127.0.0.1:{port}"


def test_no_command_of_the_readme_is_left_out_of_that_test(commands):
    kinds = {" ".join(line.split()[:2]) for line in commands}

    assert kinds == {
        *("make demo", "make lab", ". .venv/bin/activate"),
        *("export QFTOOLS_BASE_URL=http://127.0.0.1:8787", "export QFTOOLS_APP_CODE=A"),
        "export QFTOOLS_CLIENT_KEY=0123456789ABCDEF0123456789ABCDEF",
        *(f"qftools {name}" for name in ("sandbox", "pay", "query", "cancel", "pending")),
        *("qftools listen", "qftools report"),
    }
