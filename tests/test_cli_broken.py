"""What no command foresaw ends in a sentence and a status of its own, not in a traceback."""

import os
import subprocess
import sys

import pytest

from qftools.cli import exits

COMMANDS = """
import os, signal, sys, click
from qftools.cli.command import Command, Group

@click.group(cls=Group)
def main():
    pass

@main.command(cls=Command)
def defect():
    raise RuntimeError("client_key=HIDDEN")

@main.command(cls=Command)
def unreadable():
    open("/no/such/file")

@main.command(cls=Command)
def interrupted():
    raise KeyboardInterrupt

@main.command(cls=Command)
def pipe():
    raise BrokenPipeError(32, "Broken pipe")

@main.command(cls=Command)
def deep():
    deep.callback()

main()
"""


def typed(command, lang="en", **environment):
    return subprocess.run(
        [sys.executable, "-c", COMMANDS, "--lang", lang, command],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("defect", "qftools failed (RuntimeError at <string>:"),
        ("deep", "qftools failed (RecursionError at <string>:"),
        ("unreadable", "/no/such/file: No such file"),
    ],
)
def test_what_no_command_foresaw_ends_in_a_sentence_and_a_status_of_its_own(command, said):
    done = typed(command)

    assert done.returncode == exits.BROKEN == 70
    assert said in done.stderr
    assert ("report it in the issues" in done.stderr) == (command != "unreadable")
    assert "Traceback" not in done.stderr
    assert "HIDDEN" not in done.stderr
    assert done.stdout == ""


def test_the_traceback_is_there_for_those_who_ask_for_it():
    done = typed("defect", QFTOOLS_DEBUG="1")

    assert done.returncode == exits.BROKEN
    assert "Traceback" in done.stderr
    assert "report it in the issues" in done.stderr


def test_it_is_said_in_chinese_too():
    assert "这是 qftools 的缺陷" in typed("defect", lang="zh").stderr


@pytest.mark.parametrize("command", ["interrupted", "pipe"])
def test_ctrl_c_and_a_reader_that_is_gone_end_as_they_did(command):
    done = typed(command)

    assert done.returncode == 1
    assert "qftools failed" not in done.stderr


def test_help_lists_the_status_and_the_variable():
    done = subprocess.run(
        [sys.executable, "-m", "qftools", "--help"], capture_output=True, text=True, check=True
    )

    assert "\n  70 " in done.stdout
    assert "QFTOOLS_DEBUG" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="closes standard input by a POSIX shell")
def test_a_closed_standard_input_is_a_wrong_use():
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", sys.executable, "-m", "qftools", "explain"],
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == exits.USAGE
    assert b"Traceback" not in done.stderr
