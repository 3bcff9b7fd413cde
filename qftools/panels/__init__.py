"""Panels for Jupyter: each a view over a public function, none decides anything.

Every panel is an ipywidget: put its name on the last line of a cell to show it. All speak
Chinese and English ([use_language][qftools.locale.use_language] switches them in place).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qftools.front_door import front_door

if TYPE_CHECKING:
    from qftools.panels.cancel_flow import CancelFlow as CancelFlow
    from qftools.panels.code_book import CodeBook as CodeBook
    from qftools.panels.connection import Connection as Connection
    from qftools.panels.doctor import Doctor as Doctor
    from qftools.panels.evidence import Evidence as Evidence
    from qftools.panels.mission import Mission as Mission
    from qftools.panels.notices import Notices as Notices
    from qftools.panels.phone import Phone as Phone
    from qftools.panels.progress import Progress as Progress
    from qftools.panels.quiz import Quiz as Quiz
    from qftools.panels.report import Report as Report
    from qftools.panels.signing import Signing as Signing
    from qftools.panels.wallet_map import WalletMap as WalletMap
    from qftools.panels.workbench import Workbench as Workbench

_HOME = {
    "CancelFlow": "cancel_flow",
    "CodeBook": "code_book",
    "Connection": "connection",
    "Doctor": "doctor",
    "Evidence": "evidence",
    "Mission": "mission",
    "Notices": "notices",
    "Phone": "phone",
    "Progress": "progress",
    "Quiz": "quiz",
    "Report": "report",
    "Signing": "signing",
    "WalletMap": "wallet_map",
    "Workbench": "workbench",
}

__all__ = [*_HOME]

__getattr__, __dir__ = front_door(__name__, _HOME)
