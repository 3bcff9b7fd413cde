"""Why a signature or a request is wrong: read a paste, prove the cause, say the fix.

Never sends anything, never shows a key, and never claims proof without having reproduced
the given signature.
"""

from __future__ import annotations

from qftools.diagnosis.context import redacted_paste
from qftools.diagnosis.diagnosis import Diagnosis
from qftools.diagnosis.explaining import explain
from qftools.diagnosis.nouns import Finding
from qftools.diagnosis.visible import visible

__all__ = ["Diagnosis", "Finding", "explain", "redacted_paste", "visible"]
