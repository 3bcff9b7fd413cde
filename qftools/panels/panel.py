"""The base of every panel: style, language, and the place for errors.

Shows, decides nothing. Nothing here sends.
"""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import Any

import ipywidgets
from IPython.display import display
from ipywidgets import HTML, Button, HBox, VBox

from qftools import locale
from qftools.errors import OutcomeUnknownError, QFPayError
from qftools.locale import text as _
from qftools.markup import Markup, el, join
from qftools.panels import style
from qftools.sequence import sheet


class Panel(VBox):  # type: ignore[misc]
    """A panel: widgets on top, results below, and errors shown in place.

    A subclass makes its widgets, hands them to this constructor, connects them with `on_press`
    and `on_change`, and says in `show` how everything reads in the language in use.
    """

    def __init__(self, *children: ipywidgets.Widget) -> None:
        self._trouble = HTML()
        self._showing = self._acting = False
        sheet = HTML(el("style", Markup(style.for_panels())))
        sheet.add_class("qf-style")
        super().__init__([sheet, *children, self._trouble])
        self.add_class("qf-panel")
        self.add_class(f"qf-{type(self).__name__}")
        locale.follow(self._shown_again)
        self._shown_again()

    # ---- for subclasses -----------------------------------------------------------

    def show(self) -> None:
        """Write every label and every result, in the language in use."""
        raise NotImplementedError

    def as_text(self) -> str:
        """Return what the panel shows, as plain lines; the same in every language."""
        raise NotImplementedError

    def as_html(self) -> str:
        """Return a picture of the panel for places where no widget lives; empty for none."""
        return ""

    def on_press(self, button: Button, act: Callable[[], None]) -> None:
        """Call *act* when *button* is pressed; what it raises is shown in the panel."""
        button.on_click(lambda _button: self.guarded(act))

    def on_change(self, widget: ipywidgets.Widget, act: Callable[[], None]) -> None:
        """Call *act* when the value of *widget* changes by hand, and not while `show` writes."""

        def changed(_change: object) -> None:
            if not self._showing:
                self.guarded(act)

        widget.observe(changed, "value")

    def guarded(self, act: Callable[[], None]) -> None:
        """Run *act*; show its error, if any, and redraw the panel.

        The panel is redrawn once, at the end, however often a redraw is requested meanwhile.
        """
        self._trouble.value = ""
        inside, self._acting = self._acting, True
        try:
            act()
        except QFPayError as error:
            self._trouble.value = _said(error)
        except Exception as error:  # an exception in a callback would be lost
            self._trouble.value = _unforeseen(error)
        finally:
            self._acting = inside
        self._shown_again()

    # ---- inside ---------------------------------------------------------------------

    def _shown_again(self) -> None:
        if self._showing or self._acting:
            return
        self._showing = True
        try:
            self.show()
        except QFPayError as error:  # what is typed can't be shown yet, such as no key to sign with
            self._trouble.value = _said(error)
        except Exception as error:
            self._trouble.value = _unforeseen(error)
        finally:
            self._showing = False

    def _ipython_display_(self) -> None:
        """Show the panel, and above it what to press for when it is not running.

        The saved notebook holds both. A style sheet that comes with the line shows it only
        where no kernel answers the panel.
        """
        display({"text/html": asleep()}, raw=True)  # type: ignore[no-untyped-call]
        display(self._repr_mimebundle_(), raw=True)  # type: ignore[no-untyped-call]

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if not isinstance(bundle, dict):
            return bundle
        bundle["text/plain"] = self.as_text()
        picture = self.as_html()
        if picture:
            bundle["text/html"] = picture
        return bundle


def asleep() -> Markup:
    """Return what is said in place of a panel that no kernel answers, and what to press."""
    return join(
        el("style", Markup(style.for_asleep())),
        el(
            "div",
            el("strong", _("This panel is not running.")),
            el("div", _("Press Run ▸ Run All Cells, or Shift+Enter in each cell from the first.")),
            cls="qf-asleep",
            role="status",
        ),
    )


def field(widget: ipywidgets.Widget, *classes: str) -> ipywidgets.Widget:
    """Return *widget* with its label on top of it."""
    widget.add_class("qf-field")
    for name in classes:
        widget.add_class(name)
    return widget


def row(*widgets: ipywidgets.Widget) -> HBox:
    """Return widgets side by side, on as many lines as it takes."""
    box = HBox(list(widgets))
    box.add_class("qf-row")
    return box


def columns(*widgets: ipywidgets.Widget) -> HBox:
    """Return widgets side by side where there is room, else one below the other."""
    box = HBox(list(widgets))
    box.add_class("qf-columns")
    return box


def part(name: str, widget: ipywidgets.Widget) -> ipywidgets.Widget:
    """Return *widget* as a part of a stage: the style sheet says where it stands."""
    widget.add_class(f"qf-at-{name}")
    return widget


def scroller(label: str, *parts: object) -> Markup:
    """Return what has a height of its own, and scrolls inside it, by keyboard too."""
    return el("div", *parts, cls="qf-scroller", tabindex="0", role="group", aria_label=label)


def main_button() -> Button:
    """Return the button that most readers want."""
    button = Button()
    button.add_class("qf-main")
    return button


def relabel(widget: ipywidgets.Widget, options: list[tuple[str, Any]]) -> None:
    """Give a choice the same values under other names; what is chosen stays chosen."""
    value = widget.value
    if tuple(widget.options) == tuple(options):
        return
    with widget.hold_sync():  # one message: it also puts the choice back to the first
        widget.options = options
        if value in [choice for _name, choice in options]:
            widget.value = value


def named(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the options of a choice: each name in the language in use, with its value."""
    return [(_(name), value) for value, name in names.items()]


def tell(html: HTML, *parts: object) -> None:
    """Write *parts* into *html*; text is escaped."""
    html.value = join(*parts)


def card(kind: str, *parts: object) -> Markup:
    """Return a box that says something: ``ok``, ``bad``, ``wait``, ``info`` or empty."""
    return el("div", *parts, cls=f"qf-card {kind}".strip())


def picture(svg: Markup, alt: str) -> Markup:
    """Return a drawing as one image that needs no style sheet and no trust."""
    drawn = el("style", Markup(sheet("svg")))
    inside = svg.replace(">", f' xmlns="http://www.w3.org/2000/svg">{drawn}', 1)
    data = base64.b64encode(inside.encode()).decode()
    return el(
        "img", src=f"data:image/svg+xml;base64,{data}", alt=alt, style="max-width:560px;width:100%"
    )


def _said(error: QFPayError) -> Markup:
    unknown = isinstance(error, OutcomeUnknownError)
    return el(
        "div",
        el("strong", _("The outcome is unknown") if unknown else _("The request failed")),
        el("p", error.say()),
        el("p", _("Query before you do anything else.")) if unknown else None,
        cls=f"qf-card {'wait' if unknown else 'bad'}",
        role="alert",
    )


def _unforeseen(error: Exception) -> Markup:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = "\n".join(f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames)
    return el(
        "div",
        el("strong", _("Unexpected error in this panel")),
        el("p", el("code", f"{type(error).__name__}: {error}")),
        el("pre", where, cls="qf-code"),
        cls="qf-card bad",
        role="alert",
    )
