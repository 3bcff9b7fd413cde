"""The samples of the site, each built once: what to run for a language, and how to run it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from qftools.sandbox import Sandbox
from tests.tools import machine

ROOT = Path(__file__).resolve().parents[2] / "docs" / "samples"

# Language: the need of its runtime, the file, how it is compiled, how it is run.
# {file} is the sample, {out} a folder for what the compiler makes.
LANGUAGES: dict[str, tuple[tuple[str, ...], str, str, str]] = {
    "python": ((), "python/qfpay.py", "", f"{sys.executable} {{file}}"),
    "java": (
        ("java", "gson"),
        "java/QFPay.java",
        "javac -Xlint:all -Werror -cp /usr/share/java/gson.jar -d {out} {file}",
        "java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp {out}:/usr/share/java/gson.jar QFPay",
    ),
    "node": (("node",), "node/qfpay.mjs", "node --check {file}", "node {file}"),
    "php": (("php",), "php/qfpay.php", "php -l {file}", "php -d display_errors=stderr {file}"),
    "curl": (("curl", "jq"), "curl/qfpay.sh", "bash -n {file}", "bash {file}"),
    "go": (("go",), "go/qfpay.go", "go build -o {out}/qfpay {file}", "{out}/qfpay"),
    "csharp": (
        ("csharp",),
        "csharp/QFPay.cs",
        "mcs -warnaserror -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml"
        " -r:System.Xml.Linq -out:{out}/qfpay.exe {file}",
        "mono {out}/qfpay.exe",
    ),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One language's sample, ready to run.

    Attributes:
        file: Its source, as the site shows it.
    """

    language: str
    file: Path
    command: tuple[str, ...]

    def run(self, *words: str, url: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """Run it with the sandbox's credentials; what it says may never hold the key."""
        credentials = Sandbox().credentials
        environment = {
            **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
            "LC_ALL": "C.UTF-8",
            "QFPAY_URL": url or "http://127.0.0.1:9",
            "QFPAY_APP_CODE": credentials.app_code,
            "QFPAY_CLIENT_KEY": credentials.client_key,
            "QFPAY_PAUSE": "0.001",
            **settings,
        }
        done = subprocess.run(
            [*self.command, *words],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )
        assert environment["QFPAY_CLIENT_KEY"] not in done.stdout + done.stderr
        return done

    def says(self, *words: str, url: str = "", **settings: str) -> str:
        """What it prints; it must end well."""
        done = self.run(*words, url=url, **settings)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def made(line: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compile a sample, with nothing from a network; Go keeps what it compiled for all of a run."""
    cache = str(tmp_path_factory.getbasetemp().parent / "go-build")
    settings = {**os.environ, "GO111MODULE": "off", "GOPROXY": "off", "GOCACHE": cache}
    done = subprocess.run(line.split(), capture_output=True, text=True, env=settings, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(language, marks=[pytest.mark.needs(*needs)] if needs else [])
        for language, (needs, *_) in LANGUAGES.items()
    ],
)
def sample(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sample]:
    """The sample of each language, compiled."""
    needs, name, build, run = LANGUAGES[request.param]
    lacking = [need for need in needs if not machine.present(need)]
    if lacking:  # the mark of the parameter speaks for the test; this is only about compiling
        pytest.skip(f"needs {', '.join(lacking)}")
    file, out = ROOT / name, tmp_path_factory.mktemp(request.param)
    if build:
        made(build.format(file=file, out=out), tmp_path_factory)
    yield Sample(request.param, file, tuple(run.format(file=file, out=out).split()))


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A gateway on loopback for the samples to call."""
    with Sandbox() as running:
        running.serve()
        yield running
