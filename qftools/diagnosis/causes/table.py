"""What each deviation means: the table that makes findings, the docs page and the tests.

One row per deviation: what was done, what to do instead, the piece of code that does it, and
the source of the rule. ``{detail}`` and ``{field}`` are filled from the deviation.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from qftools.diagnosis.causes.field_causes import FIELD_CAUSES
from qftools.diagnosis.causes.seal_causes import SEAL_CAUSES
from qftools.diagnosis.causes.text_causes import TEXT_CAUSES
from qftools.diagnosis.rows import Cause

CAUSES: Mapping[str, Cause] = MappingProxyType({**FIELD_CAUSES, **TEXT_CAUSES, **SEAL_CAUSES})
