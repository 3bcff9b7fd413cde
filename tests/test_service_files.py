"""Container, compose file, action and page say the same commands, and those commands work.

No container engine is needed: what the files would run is run here, on loopback.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests
import yaml

from qftools.cli.sandbox import sandbox
from qftools.sandbox.control.remote import DEFAULT_URL, Remote

ROOT = Path(__file__).parents[1]
DOCKERFILE = ROOT.joinpath("docs/service/Dockerfile").read_text("utf-8")
COMPOSE = ROOT.joinpath("docs/service/compose.yaml").read_text("utf-8")
ACTION = yaml.safe_load(ROOT.joinpath(".github/actions/sandbox/action.yml").read_text("utf-8"))
JAVA = ROOT.joinpath("docs/service/SandboxContainer.java").read_text("utf-8")
ENVIRONMENT = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
    "LANGUAGE": "en",
}


def instructions(name):
    """What follows each instruction of that name, in order; JSON as a list."""
    found = re.findall(rf"^{name} (.*)$", DOCKERFILE, re.M)
    return [json.loads(words) if words.startswith("[") else words for words in found]


@contextmanager
def running(command, environment):
    """A command of the image, on loopback instead of on all addresses; yields port and line."""
    process = subprocess.Popen(
        [*(word.replace("0.0.0.0", "127.0.0.1") for word in command), "--port", "0"],
        env={**ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout
        ready = process.stdout.readline()
        sockets = psutil.Process(process.pid).net_connections()
        (port,) = [one.laddr.port for one in sockets if one.status == "LISTEN"]
        yield port, ready
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert process.returncode == 0


def test_the_container_and_the_shop_of_the_compose_file_do_what_they_say():
    (entrypoint,) = instructions("ENTRYPOINT")
    (health,) = re.findall(r"^HEALTHCHECK .* CMD (\[.*\])$", DOCKERFILE, re.M)
    service, shop = yaml.safe_load(COMPOSE)["services"].values()
    account = {**service["environment"], "QFTOOLS_CONTROL_TOKEN": "a-token-for-this-test"}

    with running([*entrypoint, *service["command"]], account) as (port, ready):
        url = f"http://127.0.0.1:{port}"
        healthy = subprocess.run(json.loads(health.replace("8787", str(port))), env=ENVIRONMENT)
        order = [word.replace("/shop/", "docs/samples/python/") for word in shop["entrypoint"]]
        placed = subprocess.run(
            [*order, *shop["command"]],
            env={**ENVIRONMENT, **shop["environment"], "QFPAY_URL": url},
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        called = requests.get(f"{url}/trade/v1/x", headers={"Host": "sandbox:8787"})
        closed = requests.get(f"{url}/sandbox")

    assert "http://localhost:8787" in ready
    assert healthy.returncode == 0
    assert json.loads(placed.stdout)["qrcode"].startswith("http://localhost:8787/payer/")
    assert called.status_code == 404  # let in, and there is no such path
    assert closed.status_code == 401


def test_the_image_runs_as_a_number_that_is_not_root_and_holds_what_the_build_reads():
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text("utf-8"))
    (user,) = instructions("USER")
    copied = {word for line in instructions("COPY") for word in line.split()[:-1]}

    hatch = project["tool"]["hatch"]
    read = {*project["project"]["license-files"], "pyproject.toml", "README.md"}
    read |= {hatch["metadata"]["hooks"]["custom"]["path"]}  # which reads README.md
    read |= set(hatch["build"]["targets"]["wheel"]["packages"])
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nENTRYPOINT ")
    assert copied == read
    assert instructions("EXPOSE") == [DEFAULT_URL.rpartition(":")[2]]


@pytest.mark.needs("curl")
def test_the_action_starts_what_the_page_says_and_hands_out_its_address(tmp_path):
    install, start = ACTION["runs"]["steps"]
    command = tmp_path / "qftools/bin/qftools"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m qftools "$@"\n')
    command.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    given = {name.upper(): row["default"] for name, row in ACTION["inputs"].items()}

    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", start["run"] + 'echo $! > "$RUNNER_TEMP/pid"\n'],
        env={
            **ENVIRONMENT,
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "PORT": str(port),
            "QFTOOLS_APP_CODE": given["APP-CODE"],
            "QFTOOLS_CLIENT_KEY": given["CLIENT-KEY"],
        },
        capture_output=True,
        text=True,
    )
    try:
        report = Remote(f"http://127.0.0.1:{port}").call("GET", "/sandbox/report")
    finally:
        os.kill(int(tmp_path.joinpath("pid").read_text()), 15)

    assert (done.returncode, done.stdout) == (0, "ok\n")
    assert report["grade"] == "clean"
    assert tmp_path.joinpath("output").read_text().splitlines() == [
        f"base-url=http://127.0.0.1:{port}",
        f"command={command}",
    ]
    assert '"$GITHUB_ACTION_PATH/../../.."' in install["run"]  # the release of the action itself
    assert set(start["env"].values()) == {f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"]}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_shows_the_commands_of_the_files_with_options_that_exist(language):
    page = ROOT.joinpath("docs", language, "sandbox/service.md").read_text("utf-8")
    shown = re.findall(r"^\$ (.*)$", page, re.M)
    steps = ACTION["runs"]["steps"][1]["run"].splitlines()
    in_files = re.findall(r"^#   (docker .*)$", DOCKERFILE + COMPOSE, re.M)
    in_files += [re.sub(" > .* &$", " &", line) for line in steps if line[:2] in ("qf", "cu")]
    words = {word for line in shown if "qftools sandbox" in line for word in line.split()}

    assert len(in_files) == 4
    assert set(in_files) <= set(shown)
    assert {word for word in words if word[:2] == "--"} <= {
        name for option in sandbox.params for name in option.opts
    }


def test_the_snippet_for_java_names_image_port_and_variables_of_the_container():
    (image,) = re.findall(r"-t (\S+) \.", DOCKERFILE)

    assert f'super("{image}")' in JAVA
    assert set(re.findall(r"QFTOOLS_\w+", JAVA)) == set(re.findall(r"QFTOOLS_\w+", DOCKERFILE))
    assert f"withExposedPorts({instructions('EXPOSE')[0]})" in JAVA
    assert 'Wait.forHttp("/healthz")' in JAVA
