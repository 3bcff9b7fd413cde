"""The few words that tables, diagrams and made pages add to those of the package."""

from __future__ import annotations

import json
from pathlib import Path

from qftools.catalogue import Text

_ROWS = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
WORDS: dict[str, Text] = {name: Text(**row) for name, row in _ROWS.items()}
"""By what they are for; one line each in words.json."""
