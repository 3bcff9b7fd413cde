"""Which panels look at the same sandbox: what one does, the others show.

Keeps no sandbox and no panel alive.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING

from qftools.sandbox import Sandbox

if TYPE_CHECKING:
    from qftools.tap import Tap

_watching: weakref.WeakKeyDictionary[
    Sandbox | Tap, list[weakref.WeakMethod[Callable[[], None]]]
] = weakref.WeakKeyDictionary()


def watch(sandbox: Sandbox | Tap, look: Callable[[], None]) -> None:
    """Have the bound method *look* called whenever a panel did something to *sandbox*."""
    _watching.setdefault(sandbox, []).append(weakref.WeakMethod(look))


def changed(sandbox: Sandbox | Tap) -> None:
    """Tell every panel of *sandbox* to look again."""
    methods = _watching.get(sandbox, [])
    methods[:] = [method for method in methods if method() is not None]
    for method in list(methods):
        look = method()
        if look is not None:
            look()
