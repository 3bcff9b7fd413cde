"""Refuse a release that is not ready: ``python .ci/release.py v0.1.0``.

Ready means: the public addresses in pyproject.toml are decided, the tag is the version of the
package, and the changelog's first section is of that version and has a date.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PLACEHOLDER = "OWNER"


def reasons(root: Path, tag: str) -> list[str]:
    """Why the project in *root* can't be released as *tag*; empty if it can."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    addresses = project["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    package = (root / "qftools" / "__init__.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^__version__ = "(.*)"$', package, re.MULTILINE)
    first, *_ = re.findall(r"^## .*$", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    section = rf"## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)"
    found = [
        f"{name} in pyproject.toml is still a placeholder: {addresses[name]}"
        for name in ("repository", "site")
        if PLACEHOLDER in addresses[name]
    ]
    if tag != f"v{version}":
        found.append(f"the tag is {tag}, the version of the package is {version}")
    if not re.fullmatch(section, first):
        found.append(f'the changelog begins with "{first}", not "## {version} (YYYY-MM-DD)"')
    return found


if __name__ == "__main__":
    found = reasons(Path(__file__).resolve().parents[1], sys.argv[1])
    sys.exit("\n".join(f"No release: {reason}." for reason in found))
