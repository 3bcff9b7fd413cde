"""Patterns that are compiled when they are first used: most inputs meet few of them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, AnyStr, cast


class _Pattern:
    def __init__(self, written: str | bytes, flags: int) -> None:
        self._written = written
        self._flags = flags

    @cached_property
    def _compiled(self) -> re.Pattern[Any]:
        return re.compile(self._written, self._flags)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # no pattern has it; one that is being copied has nothing yet
            raise AttributeError(name)
        found = self.__dict__[name] = getattr(self._compiled, name)  # so it is asked once
        return found


def pattern(written: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    r"""Return what `re.compile` returns, without compiling it yet.

    A mistake in it shows when it is first used.

    Example:
        >>> pattern(r"\d{4}").fullmatch("1145")[0]
        '1145'
    """
    return cast("re.Pattern[AnyStr]", _Pattern(written, flags))
