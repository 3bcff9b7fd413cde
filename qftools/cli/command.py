"""What all commands share: options, texts in two languages, errors that say what to do next.

Imports click and nothing heavy: ``qftools --help`` must be quick.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

import qftools
from qftools.cli import exits
from qftools.cli.output import as_json, plain, query_line
from qftools.cli.streams import printing
from qftools.locale import LANGUAGES, language, mark, text, use_language
from qftools.texts import of_system

if TYPE_CHECKING:
    from qftools.models import Reply

F = TypeVar("F", bound=Callable[..., Any])


class Option(click.Option):
    """An option whose help is translated when it is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """The help line of click, in the reader's language."""
        english = self.help
        self.help = english and text(english)
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = english


def _choose_language(_ctx: click.Context, _param: click.Parameter, value: str | None) -> None:
    if value:
        use_language(value)
        _translate_click()


def _translate_click() -> None:
    # click asks the gettext of the process; in a command's process that is ours to set. Which of
    # its messages our catalogue has is said in tests/tools/click_says.py.
    import gettext

    os.environ["LANGUAGE"] = language()
    gettext.bindtextdomain("qftools", f"{qftools.__path__[0]}/locale")
    gettext.textdomain("qftools")


def _language_option() -> Option:
    return Option(
        ["--lang"],
        type=click.Choice(LANGUAGES),
        is_eager=True,
        expose_value=False,
        callback=_choose_language,
        help=mark("Language of all texts; that of the locale by default."),
    )


class _Translated(click.Command):
    """Help in the reader's language, and ``--lang`` on every command."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_language_option())

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Choose the language before anything is parsed, so that ``--help`` may come first."""
        for option, value in itertools.zip_longest(args, args[1:], fillvalue=""):
            name, _equals, joined = option.partition("=")
            if name == "--lang" and (joined or value) in LANGUAGES:
                use_language(joined or value)
        _translate_click()
        return super().make_context(info_name, args, parent, **extra)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """The option of click, in the reader's language: click keeps it in its first reader's."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = text("Show this message and exit.")
        return option

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence of the help, as a line of the list of commands."""
        return text(self.short_help) if self.short_help else ""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help, translated as a whole."""
        english = self.help
        self.help = english and text(english)
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = english


class Command(_Translated):
    """A command of qftools."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error of qftools becomes a message and an exit status."""
        from qftools.errors import QFPayError

        try:
            return super().invoke(ctx)
        except QFPayError as error:
            fail(error, as_json=bool(ctx.params.get("as_json")))


class Group(_Translated, click.Group):
    """The list of commands, in the order in which they are given, with the exit statuses."""

    command_class = Command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line; output that can't be printed is reported at its end."""
        with printing():
            try:
                return super().main(*args, **extra)
            except Exception as error:
                _say_broken(error)
                raise SystemExit(exits.BROKEN) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of a first day, not of the alphabet."""
        return list(self.commands)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The exit statuses and the environment, from their tables."""
        with formatter.section(text("Exit status")):
            formatter.write_dl([(str(row.status), row.when) for row in exits.exits()])
        with formatter.section(text("Environment")):
            formatter.write_dl([(name, text(meaning)) for name, meaning in ENVIRONMENT.items()])


ENVIRONMENT = {
    "QFTOOLS_BASE_URL": mark("the gateway: https://... of QFPay, or the address of a sandbox"),
    "QFTOOLS_APP_CODE": mark("the app code that QFPay issued"),
    "QFTOOLS_CLIENT_KEY": mark("its client key; safer here than on the command line"),
    "QFTOOLS_MCHID": mark("the merchant number, if one was issued"),
    "QFTOOLS_JOURNAL": mark("the journal file of cancels; ~/.local/state/qftools/journal.db"),
    "QFTOOLS_CONTROL_TOKEN": mark("the control token of a sandbox that other machines can reach"),
    "QFTOOLS_ENVIRONMENT": mark("the environment of these credentials: sandbox, test, production"),
    "QFTOOLS_DEBUG": mark("1: show the traceback if qftools itself fails"),
}


def option(*names: str, **attributes: Any) -> Callable[[F], F]:
    """``click.option`` whose help is translated."""
    return click.option(*names, cls=Option, **attributes)


json_option = option(
    "--json", "as_json", is_flag=True, help=mark("Print JSON, for scripts, instead of text.")
)
app_code_option = option(
    "--app-code", envvar="QFTOOLS_APP_CODE", help=mark("The app code that QFPay issued.")
)
client_key_option = option(
    "--client-key",
    envvar="QFTOOLS_CLIENT_KEY",
    help=mark(
        "The client key. Others on this machine can read it in the list of processes: "
        "prefer the variable QFTOOLS_CLIENT_KEY."
    ),
)


def parse_pairs(
    _ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]
) -> list[tuple[str, str]]:
    """The callback of NAME=VALUE arguments."""
    pairs = []
    for value in values:
        name, equals, content = value.partition("=")
        if not equals or not name:
            raise click.BadParameter(
                text("{value!r} is not of the form name=value.").format(value=value)
            )
        pairs.append((name, content))
    return pairs


def required(value: str | None, flag: str, variable: str) -> str:
    """*value*, or a usage error that names both ways to give it."""
    if not value:
        raise click.UsageError(
            text("{flag} is missing: give it, or set {variable}.").format(
                flag=flag, variable=variable
            )
        )
    return value


def key_or_ask(value: str | None) -> str:
    """The client key from the option or the variable; else asked for, unseen, at a terminal."""
    if not value and sys.stdin.isatty():
        return str(click.prompt(text("Client key"), hide_input=True, err=True))
    return required(value, "--client-key", "QFTOOLS_CLIENT_KEY")


def print_json(value: Mapping[str, object]) -> None:
    """Print one JSON object; Chinese stays readable where the terminal can write it."""
    click.echo(as_json(value, indent=2))


def _say_broken(error: Exception) -> None:
    """Report an unexpected *error*. Its own text is left out: it may hold a secret."""
    import traceback
    from pathlib import Path

    from qftools.cli import namesake

    if os.environ.get("QFTOOLS_DEBUG"):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    if isinstance(error, OSError) and error.strerror:
        reason = str(of_system(error.strerror))
        said = f"{error.filename}: {reason}" if error.filename else reason
        click.echo(text("Error: {message}").format(message=plain(said)), err=True)
        return
    if said := namesake.warning():
        click.echo(said, err=True)
        return
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(last.filename).name}:{last.lineno}"
    said = text("Error: qftools failed ({cause} at {where}). This is a defect of qftools.")
    click.echo(said.format(cause=type(error).__name__, where=where), err=True)
    said = text(
        "Please report it in the issues of the project: the command, the version ({version}) and "
        "what QFTOOLS_DEBUG=1 shows, without keys and names."
    )
    click.echo(said.format(version=qftools.__version__), err=True)


def status_of(error: Exception) -> int:
    """The exit status that an error of qftools ends with."""
    from qftools.errors import InputError, OutcomeUnknownError

    if isinstance(error, InputError):
        return exits.USAGE
    return exits.UNKNOWN if isinstance(error, OutcomeUnknownError) else exits.REFUSED


def wrong_key_hint() -> str:
    """What to check after 1108: the key and the app code, by option or variable."""
    said = text(
        "Check {client_key} and {app_code}: the gateway answered that the signature is wrong "
        "(1108)."
    )
    return said.format(client_key=_given_by("client_key"), app_code=_given_by("app_code"))


def _given_by(name: str) -> str:
    from click.core import ParameterSource

    names = {
        ParameterSource.COMMANDLINE: "--" + name.replace("_", "-"),
        ParameterSource.ENVIRONMENT: "QFTOOLS_" + name.upper(),
    }
    source = click.get_current_context().get_parameter_source(name)
    typed = text("the client key that was typed")
    return typed if source is None else names.get(source, typed)


def fail(error: Exception, *, as_json: bool) -> NoReturn:
    """Print the error and what to do next; exit with its status."""
    status = status_of(error)
    advice = _advice(error)
    if as_json:
        details: dict[str, object] = {
            name: value
            for name in ("field", "problem", "rule", "respcd", "unverified_respcd")
            if isinstance(value := getattr(error, name, None), str)
        }
        told = {"type": type(error).__name__, "message": str(error), **details}
        if isinstance(sent := getattr(error, "sent", None), bool):
            told["sent"] = sent
        print_json({"error": {**told, "advice": " ".join(advice)}})
    else:
        click.echo(text("Error: {message}").format(message=_in_words(error)), err=True)
        for line in advice:
            click.echo(line, err=True)
    raise SystemExit(status)


def _in_words(error: Exception) -> str:
    """The message in the reader's language, the meaning of the gateway's code as well."""
    from qftools.errors import QFPayError

    reply: Reply | None = getattr(error, "reply", None)
    if reply is None:
        return plain(error.say() if isinstance(error, QFPayError) else error)
    said = " / ".join(plain(words) for words in (reply.respmsg, reply.resperr) if words)
    return f"{plain(reply.respcd)} {reply.meaning.say()}" + (f" ({said})" if said else "")


def _advice(error: Exception) -> list[str]:
    """What to do next, if there is anything."""
    from qftools import catalogue
    from qftools.errors import OutcomeUnknownError

    code = catalogue.codes().get(getattr(error, "respcd", ""))
    advice = [code.advice.say()] if code else []
    if getattr(error, "sent", True) is False:
        advice = [text("No connection was made, so this request was not sent.")]
    elif isinstance(error, OutcomeUnknownError):
        if error.order:
            said = text("The outcome is unknown, not failed. Query before you act again: {command}")
            advice = [said.format(command=query_line(error.order))]
        else:
            advice = [
                text("The outcome is unknown, not failed. A query changes nothing: query again.")
            ]
    if "1108" in (getattr(error, name, "") for name in ("respcd", "unverified_respcd")):
        advice.append(wrong_key_hint())
    return advice
