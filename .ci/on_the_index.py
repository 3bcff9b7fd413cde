"""What the package index shows of the project: its addresses, and README.md with whole links.

A hook of the build. In the repository a link is the path of a file; on the index it would lead
nowhere, so there it leads to that file at the tag of the release. The addresses stand in
pyproject.toml, in this hook's table.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

# ](path) of a link or a picture that is no address and no anchor, with what tells a picture.
_PATH = re.compile(r"(!?)(\[[^]\n]*\])\((?![a-z]+:|#)([^)\s]+)\)")


class OnTheIndex(MetadataHookInterface):
    """Adds ``urls`` and ``readme``."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Fill in what pyproject.toml calls dynamic."""
        repository, site = self.config["repository"], self.config["site"]
        metadata["urls"] = {
            "Homepage": repository,
            "Documentation": site,
            "Changelog": f"{repository}/blob/HEAD/CHANGELOG.md",
            "Issues": f"{repository}/issues",
            "Source": repository,
        }
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        text = _whole(readme, repository, f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def _whole(readme: str, repository: str, tag: str) -> str:
    def linked(match: re.Match[str]) -> str:
        kind = "raw" if match[1] else "blob"
        return f"{match[1]}{match[2]}({repository}/{kind}/{tag}/{match[3]})"

    return _PATH.sub(linked, readme).replace("<this repository>", repository)
