"""HTML and SVG that are safe by construction: what is not markup already is escaped.

Writes markup only; knows no widget and no gateway.
"""

from __future__ import annotations

from html import escape


class Markup(str):
    """Text that is markup already. Everything else is text from outside, and is escaped."""

    __slots__ = ()


def el(name: str, *children: object, **attributes: object) -> Markup:
    """Return one element.

    Args:
        name: The tag.
        children: Markup as it is, anything else as escaped text; None is left out.
        attributes: ``cls`` is written ``class``, other underscores as dashes; None and False
            are left out, True is written without a value.

    Example:
        >>> el("b", "1 < 2", cls="qf-x")
        '<b class="qf-x">1 &lt; 2</b>'
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def join(*parts: object) -> Markup:
    """Return the parts one after the other, each escaped unless it is markup.

    Example:
        >>> join("a & ", el("i", "b"))
        'a &amp; <i>b</i>'
    """
    return Markup(
        "".join(
            part if isinstance(part, Markup) else escape(str(part))
            for part in parts
            if part is not None
        )
    )


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = "class" if key == "cls" else key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
