"""What a reader does to each kind of panel in a browser, and what the panel then says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any


def press(button, *, keyboard):
    """Press a button as a hand on the keyboard does, or one on the mouse."""
    if keyboard:
        button.focus()
        button.press("Enter")
    else:
        button.click()


def main_button(panel, keyboard, says):
    press(panel.locator(".qf-main").first, keyboard=keyboard)
    panel.locator(says).first.wait_for()


def phone(panel, keyboard):
    """Pay, where the order on the phone is not over; the phone says where it stands."""
    button = panel.locator(".qf-main").first
    if button.is_enabled():
        press(button, keyboard=keyboard)
    said = panel.locator(".qf-phone [role=status]").first
    said.wait_for()
    assert button.is_enabled() or said.inner_text().strip()


def search(panel, keyboard, typed):
    panel.locator("input").first.fill(typed)
    panel.get_by_text(typed, exact=True).first.wait_for()


def first_button_of(panel, keyboard, name, says):
    press(panel.locator(name).first, keyboard=keyboard)
    panel.locator(says).first.wait_for()


def last_call(panel, keyboard):
    """Choose the call that is listed last, the first that came; the workbench shows it."""
    calls = panel.locator(".qf-list select")
    if keyboard:
        calls.focus()
        calls.press("End")
    else:
        calls.select_option(index=calls.locator("option").count() - 1)
    panel.locator("h4", has_text="#1 ").first.wait_for()


# What a reader does to each kind of panel, and what it then says.
DO: dict[str, Callable[[Any, bool], None]] = {
    "CancelFlow": lambda panel, keyboard: main_button(panel, keyboard, ".qf-verdict"),
    "Phone": phone,
    "Signing": lambda panel, keyboard: main_button(panel, keyboard, ".qf-card.ok .qf-verdict"),
    "Doctor": lambda panel, keyboard: main_button(panel, keyboard, "[role=status] .qf-card.bad"),
    "Notices": lambda panel, keyboard: main_button(panel, keyboard, ".qf-card.ok"),
    "CodeBook": lambda panel, keyboard: search(panel, keyboard, "1262"),
    "WalletMap": lambda panel, keyboard: search(panel, keyboard, "802001"),
    "Mission": lambda panel, keyboard: first_button_of(panel, keyboard, ".qf-hint", "ol"),
    "Quiz": lambda panel, keyboard: first_button_of(panel, keyboard, ".qf-choice", ".qf-card"),
    "Workbench": lambda panel, keyboard: last_call(panel, keyboard),
    "Connection": lambda panel, keyboard: first_button_of(
        panel, keyboard, ".qf-act-pay", ".qf-card.ok .qf-verdict"
    ),
}


def kind_of(panel):
    classes = panel.get_attribute("class") or ""
    return next((name for name in classes.split() if re.match(r"qf-[A-Z]", name)), "qf-")[3:]
