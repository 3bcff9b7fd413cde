"""What can be wrong with a request besides its signature: one row each, with its rule's source.

``{...}`` are filled by the check that finds it. The docs page lists these rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from qftools.diagnosis.rows import Remark
from qftools.diagnosis.rules.field_remarks import FIELD_REMARKS
from qftools.diagnosis.rules.sending_remarks import SENDING_REMARKS

REMARKS: Mapping[str, Remark] = MappingProxyType({**SENDING_REMARKS, **FIELD_REMARKS})
