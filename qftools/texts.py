"""The one text system: which language is spoken, and how a text is said in it.

A text of the code is written in English and looked up (`text`); its Chinese is in
``locale/zh/LC_MESSAGES/qftools.po`` (``make texts`` compiles it). A row of a table has both
languages (`Text`). `spoken` chooses for both. Nothing here touches the settings of the process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args
from weakref import WeakMethod

if TYPE_CHECKING:
    from gettext import NullTranslations
    from pathlib import Path

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_KNOWN: dict[str, Language] = {language: language for language in LANGUAGES}
_DOMAIN = "qftools"
_chosen: Language | None = None
_followers: list[WeakMethod[Callable[[], Any]]] = []


def language() -> Language:
    """The language in use: the chosen one, else that of the locale, else English."""
    return spoken()


def spoken(language: str | None = None) -> Language:
    """Return the language to say something in: *language*, or the one in use.

    Raises:
        ValueError: qftools speaks no such language.

    Example:
        >>> spoken("zh_CN.UTF-8")
        'zh'
    """
    if language is None:
        return _chosen or of_locale(os.environ)
    found = _KNOWN.get(language) or known(language)
    if found is None:
        raise ValueError(f"language is {language!r}; it must be zh or en")
    return found


def of_a_log() -> Language:
    """The language of tracebacks and logs: English, unless another one was chosen."""
    return _chosen or "en"


def choose(language: str) -> bool:
    """Say everything in *language* from now on, if it is spoken; see `qftools.use_language`."""
    global _chosen
    found = known(language)
    if found is None:
        return False
    _chosen = found
    _followers[:] = [follower for follower in _followers if follower() is not None]
    for follower in _followers.copy():
        show = follower()
        if show is not None:
            show()
    return True


def follow(show: Callable[[], Any]) -> None:
    """Call the bound method *show* whenever another language is chosen; keeps nothing alive."""
    _followers.append(WeakMethod(show))


def of_locale(environment: Mapping[str, str]) -> Language:
    """The language that an environment asks for, by the order of gettext.

    Example:
        >>> of_locale({"LANG": "zh_CN.UTF-8"})
        'zh'
        >>> of_locale({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"})
        'en'
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            first = environment.get("LANGUAGE", "").partition(":")[0]
            return known(first) or known(environment[name]) or "en"
    return "en"


def known(language: object) -> Language | None:
    """The language that a locale or an Accept-Language means, None where it is not spoken.

    Example:
        >>> known("zh-CN,zh;q=0.9"), known("fr")
        ('zh', None)
    """
    return _KNOWN.get(str(language).strip()[:2].lower())


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in Chinese and in English.

    Example:
        >>> Text(zh="撤销", en="cancel").say("zh")
        '撤销'
    """

    zh: str
    en: str

    def say(self, language: str | None = None) -> str:
        """Return the words in *language*, or in the language in use.

        Raises:
            ValueError: qftools speaks no such language.
        """
        return self.zh if spoken(language) == "zh" else self.en

    def filled(self, **values: object) -> Text:
        """Return the text with *values* in their places; one that is a text in its language.

        Example:
            >>> Text("{n} 行", "{n} rows").filled(n=2)
            Text(zh='2 行', en='2 rows')
            >>> Text("原因：{why}", "because {why}").filled(why=Text("超时", "it was late"))
            Text(zh='原因：超时', en='because it was late')
        """

        def said(language: Language) -> str:
            own = {
                name: value.say(language) if isinstance(value, Text) else value
                for name, value in values.items()
            }
            return self.say(language).format(**own)

        return Text(said("zh"), said("en"))

    def to_dict(self) -> dict[str, str]:
        """Return both languages, for JSON; ``Text(**...)`` reads it."""
        return {"zh": self.zh, "en": self.en}


COLON, COMMA, SEMICOLON = Text("：", ": "), Text("，", ", "), Text("；", "; ")


def read_table(path: Path) -> Any:
    """Return a table in JSON; words that stand there in both languages are a `Text`."""
    import json

    return json.loads(path.read_text("utf-8"), object_hook=_text_of)


def _text_of(value: dict[str, Any]) -> Any:
    words = value.keys() == {"zh", "en"} and isinstance(value["en"], str)
    return Text(**value) if words else value


def text(message: str, /, language: str | None = None) -> str:
    """*message* in the language in use, or in *language*; as it is without a translation.

    Example:
        >>> text("Usage:", "zh")
        '用法：'
    """
    chosen = spoken(language)
    return message if chosen == "en" or not message else _translations(chosen).gettext(message)


def mark(message: str, /) -> str:
    """*message* unchanged: says that it is a text, to be translated when it is shown."""
    return message


# What the system and the libraries say most often, for readers of Chinese.
_OF_SYSTEM = frozenset(
    {
        mark("Address already in use"),
        mark("Bad file descriptor"),
        mark("Broken pipe"),
        mark("Connection refused"),
        mark("Connection reset by peer"),
        mark("Connection timed out"),
        mark("File exists"),
        mark("Input/output error"),
        mark("Is a directory"),
        mark("Name or service not known"),
        mark("Network is unreachable"),
        mark("No route to host"),
        mark("No space left on device"),
        mark("No such file or directory"),
        mark("Not a directory"),
        mark("Permission denied"),
        mark("Read-only file system"),
        mark("Temporary failure in name resolution"),
        mark("Too many open files"),
        # Errors by the name of their class: their own texts can repeat a secret.
        mark("ChunkedEncodingError"),
        mark("ConnectTimeout"),
        mark("ConnectionError"),
        mark("JSONDecodeError"),
        mark("ProtocolError"),
        mark("ReadTimeout"),
        mark("RecursionError"),
        mark("SSLError"),
        mark("UnicodeDecodeError"),
    }
)


def of_system(said: object, language: str | None = None) -> object:
    """Return what the system or a library *said*, translated if it is a common message.

    Example:
        >>> of_system("Connection refused", "zh"), of_system(2500, "zh")
        ('连接被拒绝', 2500)
    """
    return text(said, language) if isinstance(said, str) and said in _OF_SYSTEM else said


def harmless(value: object) -> str:
    """Return *value* as text that can't steer a terminal.

    Example:
        >>> harmless("wrong\\x1b[2J cancel 撤销")
        'wrong\\\\x1b[2J cancel 撤销'
    """
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in str(value)
    )


@cache
def _translations(language: str) -> NullTranslations:
    from gettext import translation  # 3 ms that English never pays
    from pathlib import Path

    folder = Path(__file__).parent / "locale"
    return translation(_DOMAIN, folder, [language], fallback=language == "en")
