"""The command line reference: what each command says of itself under --help."""

from __future__ import annotations

import os

import click
from click.testing import CliRunner

from qftools.cli import main
from qftools.locale import Language, language, use_language


def reference(lang: Language) -> str:
    """One heading and one help text for each command."""
    before, environ = language(), dict(os.environ)
    try:
        parts = [_help(lang, [])]
        parts += [_help(lang, words) for words in _commands(main, [])]
    finally:
        use_language(before)
        os.environ.clear()
        os.environ.update(environ)
    return "\n\n".join(parts)


def _commands(group: click.Group, path: list[str]) -> list[list[str]]:
    found = []
    for name, command in group.commands.items():
        if command.hidden:
            continue
        found.append([*path, name])
        if isinstance(command, click.Group):
            found += _commands(command, [*path, name])
    return found


def _help(lang: Language, words: list[str]) -> str:
    done = CliRunner().invoke(
        main, ["--lang", lang, *words, "--help"], prog_name="qftools", terminal_width=88
    )
    assert done.exit_code == 0, done.output
    name = " ".join(["qftools", *words])
    return (
        f"## {name} {{ #{'-'.join(['qftools', *words])} }}\n\n```text\n{done.output.strip()}\n```"
    )
