"""Fields for what must not land in a notebook: it stays in the kernel's memory.

JupyterLab can save the state of widgets in the notebook file, as the browser has it. So the
browser sends what was typed only when it is complete, and gets something else back at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipywidgets import Password, Text, Textarea
from traitlets import Unicode

from qftools.diagnosis import redacted_paste

_HELD = "••••••••"


class Secret(Password):  # type: ignore[misc]
    """A password field that holds dots instead of what was typed into it.

    Attributes:
        secret: What was typed last; empty where the field was emptied.

    Example:
        >>> field = Secret("5744993FBC034DBB")
        >>> field.secret, field.value
        ('5744993FBC034DBB', '••••••••')
        >>> field.value = ""
        >>> field.secret
        ''
    """

    value = Unicode().tag(sync=True, echo_update=False)

    def __init__(self, secret: str = "", **traits: Any) -> None:
        self.secret = ""
        super().__init__(continuous_update=False, **traits)
        self.observe(self._take, "value")
        self.value = secret

    def _take(self, change: dict[str, Any]) -> None:
        if change["new"] != _HELD:
            self.secret = change["new"].replace(_HELD[0], "")
            self.value = _HELD if self.secret else ""


class Pasted(Textarea):  # type: ignore[misc]
    """A text area that shows what was pasted without the secrets in it.

    Attributes:
        text: What was pasted.

    Example:
        >>> area = Pasted("txamt=1&client_key=5744993FBC034DBB&syssn=1")
        >>> area.value
        'txamt=1&client_key=[redacted]&syssn=1'
        >>> area.text
        'txamt=1&client_key=5744993FBC034DBB&syssn=1'
    """

    value = Unicode().tag(sync=True, echo_update=False)

    def __init__(self, text: str = "", key: str = "", **traits: Any) -> None:
        self.text, self._shown = "", ""
        super().__init__(continuous_update=False, **traits)
        self.observe(self._take, "value")
        self.show(text, key)

    def show(self, text: str, key: str = "") -> None:
        """Hold *text*, and show it without *key* and the secrets in it."""
        self.text, self._shown = text, redacted_paste(text, key)
        self.value = self._shown

    def _take(self, change: dict[str, Any]) -> None:
        if change["new"] != self._shown:
            self.show(change["new"])


class Sought(Text):  # type: ignore[misc]
    """A field for words to search for, without the secrets in them.

    Args:
        cleaned: Returns what was typed as it may be shown.

    Example:
        >>> field = Sought(lambda typed: typed.replace("5744", "[redacted]"))
        >>> field.value = "A1 5744"
        >>> field.value
        'A1 [redacted]'
    """

    value = Unicode().tag(sync=True, echo_update=False)

    def __init__(self, cleaned: Callable[[str], str], **traits: Any) -> None:
        super().__init__(continuous_update=False, **traits)
        self._cleaned = cleaned
        self.observe(self._take, "value")

    def _take(self, change: dict[str, Any]) -> None:
        self.value = self._cleaned(change["new"])
