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


def document(title: str, body: Markup, language: str, style: str = "") -> str:
    """Return a page that needs nothing else: no script, no file, no address.

    Args:
        title: Plain text.
        body: What is on it.
        language: zh or en.
        style: A style sheet of its own, before that of all pages.
    """
    tag = "zh-CN" if language == "zh" else "en"
    return _PAGE.format(lang=tag, title=el("title", title), body=body, style=style)


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = "class" if key == "cls" else key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


_PAGE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
{title}
<style>{style}
:root {{ color-scheme: light dark; --line: #8884; --no: #1a7f37; --yes: #b35900; --un: #cf222e; }}
@media (prefers-color-scheme: dark) {{ :root {{ --no: #3fb950; --yes: #f0883e; --un: #ff7b72; }} }}
body {{ font: 16px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  max-width: 54rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ margin: 0; font-size: 1.9rem; }}
.no, .returned {{ color: var(--no); }}
.yes {{ color: var(--yes); }}
.unknown {{ color: var(--un); }}
table {{ border-collapse: collapse; width: 100%; margin: 1.5rem 0; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem .3rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }}
th {{ font-weight: 500; width: 11rem; opacity: .75; }}
li {{ margin: .8rem 0; }} li p {{ margin: 0; }} small {{ opacity: .7; margin-left: .8rem; }}
pre {{ overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere; padding: .8rem;
  border: 1px solid var(--line); border-radius: 6px; font-size: .85rem; }}
summary {{ cursor: pointer; opacity: .8; }}
footer {{ margin-top: 2rem; opacity: .7; font-size: .9rem; }}
@media (max-width: 40rem) {{ th, td {{ display: block; width: auto; }} th {{ border: 0;
  padding-bottom: 0; }} }}
@media print {{ details > pre {{ display: block; }} }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
