"""The public addresses of the project, from the one place where they stand: pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

_PROJECT = tomllib.loads(Path(__file__).parents[2].joinpath("pyproject.toml").read_text("utf-8"))
_HOOK = _PROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]

REPOSITORY: str = _HOOK["repository"]
SITE: str = _HOOK["site"]
