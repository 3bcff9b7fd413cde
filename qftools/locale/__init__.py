"""Texts of the panels and the command line, in Chinese and English.

English is written in the code; ``zh/LC_MESSAGES/qftools.po`` holds the Chinese (``make texts``
compiles it). Nothing here touches the settings of the process: the language is qftools' own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args
from weakref import WeakMethod

if TYPE_CHECKING:
    from gettext import NullTranslations

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_DOMAIN = "qftools"
_chosen: Language | None = None
_followers: list[WeakMethod[Callable[[], Any]]] = []


def use_language(lang: str) -> None:
    """Choose the language of every text that qftools shows from now on.

    Args:
        lang: ``"zh"`` or ``"en"``; a whole locale such as ``"zh_CN.UTF-8"`` will do.

    Raises:
        InputError: qftools speaks no such language.

    Example:
        >>> before = language()
        >>> use_language("zh")
        >>> language()
        'zh'
        >>> use_language(before)
    """
    global _chosen
    known = _known(lang)
    if known is None:
        from qftools.errors import InputError

        raise InputError("lang", "is {value!r}", "zh or en", value=lang)
    _chosen = known
    _followers[:] = [follower for follower in _followers if follower() is not None]
    for follower in _followers.copy():
        show = follower()
        if show is not None:
            show()


def follow(show: Callable[[], Any]) -> None:
    """Call the bound method *show* whenever another language is chosen; keeps nothing alive."""
    _followers.append(WeakMethod(show))


def language() -> Language:
    """The language in use: the chosen one, else that of the locale, else English."""
    return _chosen or of_locale(os.environ)


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
            return _known(first) or _known(environment[name]) or "en"
    return "en"


def text(message: str, /, lang: str | None = None) -> str:
    """*message* in the language in use, or in *lang*; as it is where there is no translation.

    Example:
        >>> text("Usage:", lang="zh")
        '用法：'
    """
    spoken = lang or language()
    return message if spoken == "en" or not message else _translations(spoken).gettext(message)


_ = text


def mark(message: str, /) -> str:
    """*message* unchanged: says that it is a text, to be translated when it is shown."""
    return message


def _known(lang: str) -> Language | None:
    prefix = lang[:2].lower()
    return next((lang for lang in LANGUAGES if lang == prefix), None)


@cache
def _translations(lang: str) -> NullTranslations:
    from gettext import translation  # 3 ms that English never pays

    return translation(_DOMAIN, Path(__file__).parent, [lang], fallback=lang == "en")
