"""The language of every text that qftools shows: Chinese or English.

What is said, and how, is in `qftools.texts`; the Chinese is in the files beside this one.
"""

from __future__ import annotations

from qftools import texts
from qftools.errors import InputError
from qftools.texts import LANGUAGES, Language, follow, language, mark, of_locale, text

__all__ = [
    "LANGUAGES",
    "Language",
    "_",
    "follow",
    "language",
    "mark",
    "of_locale",
    "text",
    "use_language",
]

_ = text


def use_language(language: str) -> None:
    """Choose the language of every text that qftools shows from now on.

    Errors, advice, reports, diagnoses and panels obey it; a call may ask for another language.

    Args:
        language: ``"zh"`` or ``"en"``; a whole locale such as ``"zh_CN.UTF-8"`` will do.

    Raises:
        InputError: qftools speaks no such language.

    Example:
        >>> from qftools.locale import language
        >>> before = language()
        >>> use_language("zh")
        >>> language()
        'zh'
        >>> use_language(before)
    """
    if not texts.choose(language):
        raise InputError("language", "is {value!r}", "zh or en", value=language)
