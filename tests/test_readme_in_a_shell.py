"""README and the start pages, word for word but for ports and the repository's address.

Each command and each example runs where nothing but the package is installed; what the page shows
of the output must come. ``...`` stands for what a page leaves out.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {
    lang: [readme, *sorted((ROOT / "docs" / lang / "start").glob("*.md"))]
    for lang, readme in (("en", ROOT / "README.md"), ("zh", ROOT / "README.zh.md"))
}
SERVERS = ("qftools sandbox ", "qftools listen ")
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_INCLUDED = re.compile(r'^--8<-- "(.*)"$', re.MULTILINE)
# Not run: a part of a test, and what the plugin says of a shop that the page does not show.
PARTS = ("@pytest.mark.qfpay(", "qfpay: money at risk")


class Step(NamedTuple):
    """What a reader runs, a command or a program, and what the page shows of it; or saves."""

    kind: str
    code: str
    shown: str = ""


def blocks(page: Path) -> list[tuple[str, str]]:
    """The language of each block of code, and what is in it."""
    found = _FENCE.findall(page.read_text("utf-8"))
    return [(kind, dedent(body)) for _, kind, body in found if not body.startswith(PARTS)]


def steps(page: Path) -> Iterator[Step]:
    """What a reader of the page runs, in order."""
    parts = blocks(page)
    for (kind, body), (after, output) in pairwise([*parts, ("", "")]):
        if kind == "console":
            for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE):
                yield Step(kind, command.partition("    #")[0], shown)
        elif kind == "python" and "docs/samples/" in body:
            yield Step("file", body)
        elif kind == "python":
            yield Step(kind, included(body), included(output) if after == "text" else "")
    if session := "\n".join(body for kind, body in parts if kind == "pycon"):
        yield Step("pycon", session)


def included(body: str) -> str:
    return _INCLUDED.sub(lambda name: (ROOT / name[1]).read_text("utf-8"), body)


def sessions() -> Iterator[tuple[str, Path]]:
    """Every page; one in Chinese only where it shows more than its twin, which runs the same."""
    for english, chinese in zip(PAGES["en"], PAGES["zh"], strict=True):
        known = list(steps(english))
        if known:
            yield "en", english
        codes = {step.code for step in known}
        if not all(s in known or (s.code in codes and not s.shown) for s in steps(chinese)):
            yield "zh", chinese


class Reader:
    """Who copies a page's commands into a terminal, in order, and starts servers in others."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self._servers: list[subprocess.Popen[str]] = []
        self._port = free_port()
        self._shell = self._start("bash", stdin=subprocess.PIPE)

    def run(self, step: Step) -> str:
        """What the step printed; it must have ended well."""
        if step.kind == "file":  # a sample, for a command below it; tests/samples runs each
            (name,) = _INCLUDED.findall(step.code)
            return str(shutil.copy(ROOT / name, self._folder))
        if step.kind != "console":
            return self._python(step)
        command = step.code.replace("8787", str(self._port)).replace("<this repository>", str(ROOT))
        if command.startswith(SERVERS):
            return self._serve(command.replace("listen", "listen --port 0", 1))
        assert self._shell.stdin and self._shell.stdout
        self._shell.stdin.write(f"{command}\nprintf '\\n\\036%s\\n' $?\n")
        self._shell.stdin.flush()
        printed: list[str] = []
        for line in self._shell.stdout:
            if line[0] == "\x1e":
                assert line == "\x1e0\n", f"{command}: {''.join(printed)}"
                break
            printed.append(line)
        return "".join(printed)

    def _python(self, step: Step) -> str:
        file = self._folder / f"reader.{step.kind}"
        file.write_text(step.code, "utf-8")
        doctest = "import doctest, sys; sys.exit(doctest.testfile(sys.argv[1], False).failed)"
        how = ["-c", doctest] if step.kind == "pycon" else []
        done = self._start("python", *how, str(file))
        output = done.communicate(timeout=60)[0]
        assert done.returncode == 0, output
        return output

    def _serve(self, command: str) -> str:
        server = self._start("bash", "-c", f"exec {command}")
        self._servers.append(server)
        assert server.stdout
        ready = server.stdout.readline()
        assert "http://127.0.0.1:" in ready, ready
        return ready

    def _start(self, *command: str, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self._folder,
            env=self._environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def leave(self) -> None:
        """Stop what was started; a server ends well."""
        self._shell.communicate(timeout=60)
        for server in self._servers:
            server.send_signal(signal.SIGINT)
            server.communicate(timeout=60)
        assert [server.returncode for server in self._servers] == [0] * len(self._servers)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def matches(shown: str, printed: str) -> bool:
    """Whether *printed* is what is *shown*, blanks and what is left out aside."""
    parts = [re.escape(" ".join(part.split())) for part in shown.split("...")]
    return re.fullmatch(" ?.* ?".join(parts), " ".join(printed.split()), re.DOTALL) is not None


@pytest.fixture(scope="module")
def bare(dist, tmp_path_factory):
    """The variables of a reader whose machine has Python, pip, uv and pipx; the index has us."""
    folder = tmp_path_factory.mktemp("reader")
    tools = Path(sys.executable).parent
    env = str(folder / "env")
    shown = (
        *("pytest", "flask", "fastapi", "httpx2", "requests-mock", "responses", "vcrpy"),
        *("opentelemetry-sdk", "opentelemetry-instrumentation-requests"),
    )
    for command in (
        ("venv", "--seed", "--python", sys.executable, env),
        # What the package needs is there before, so that pip need not fetch it; uv and pipx do.
        ("pip", "install", "--python", env, *map(str, dist.glob("*.whl")), *shown),
        ("pip", "uninstall", "--python", env, "qfpay-toolkit"),
    ):
        subprocess.run([str(tools / "uv"), "--quiet", *command], check=True)
    bin_ = Path(env, "bin")
    for name, tool in {"uv": "uv", "uvx": "uv tool run", "pipx": "pipx"}.items():
        (bin_ / name).write_text(f'#!/bin/sh\nexec {tools}/{tool} "$@"\n')
        (bin_ / name).chmod(0o755)
    # The first index that has a package is the one that uv takes it from.
    (folder / "uv.toml").write_text(f'[[index]]\nname = "ours"\nurl = "{dist}"\nformat = "flat"\n')
    own = ("QFTOOLS_", "VIRTUAL_ENV", "PYTHON", "PYTEST_", "UV_PROJECT", "LC_", "LANG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    return {
        **kept,
        "PATH": f"{bin_}{os.pathsep}/usr/bin{os.pathsep}/bin",
        "LANG": "C.UTF-8",
        "PIP_FIND_LINKS": str(dist),
        "PIPX_BIN_DIR": str(bin_),
        "PIPX_HOME": str(folder / "pipx"),
        "UV_CONFIG_FILE": str(folder / "uv.toml"),
        "XDG_STATE_HOME": str(folder),
    }


@pytest.mark.skipif(shutil.which("bash") is None, reason="the commands of a page are bash")
@pytest.mark.parametrize(
    ("lang", "page"), list(sessions()), ids=lambda value: str(getattr(value, "stem", value))
)
def test_what_a_page_shows_works(lang, page, bare, tmp_path):
    environment = {**bare, "LANGUAGE": lang, "XDG_STATE_HOME": str(tmp_path / "state")}
    reader = Reader(tmp_path, environment)
    for step in steps(page):
        printed = reader.run(step)

        assert not step.shown or matches(step.shown, printed), f"{step.code}\n{printed}"
    reader.leave()


def test_no_block_of_a_page_is_left_out_of_that_test():
    for page in [*PAGES["en"], *PAGES["zh"]]:
        kinds = [kind for kind, _ in blocks(page)]
        outputs = [before for before, kind in pairwise(["", *kinds]) if kind == "text"]

        assert set(kinds) <= {"console", "python", "pycon", "text"}, page
        assert set(outputs) <= {"python"}, f"{page}: a text that no program prints"


def test_the_readme_begins_with_what_for_whom_how_to_install_what_it_prints_and_the_flow():
    for readme, unofficial in zip(
        (PAGES["en"][0], PAGES["zh"][0]), ("Unofficial", "非官方"), strict=True
    ):
        beginning = readme.read_text("utf-8").partition("\n## ")[0]
        first, second, *_ = steps(readme)

        assert unofficial in beginning
        assert [first.code, second.code] == ["pip install qfpay-toolkit", "qftools demo"]
        assert second.shown.strip() in beginning
        assert "](docs/assets/cancel-flow-" in beginning
