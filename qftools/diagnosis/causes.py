"""What each deviation means: the table that makes findings, the docs page and the tests.

One row per deviation: what was done, what to do instead, the piece of code that does it, and
the source of the rule. ``{detail}`` and ``{field}`` are filled from the deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from qftools.diagnosis.field_causes import FIELD_CAUSES
from qftools.diagnosis.rows import Cause
from qftools.diagnosis.text_causes import TEXT_CAUSES

CAUSES: Mapping[str, Cause] = MappingProxyType({**FIELD_CAUSES, **TEXT_CAUSES})
