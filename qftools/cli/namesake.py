"""The other distribution: ``qftools`` on the package index is another project.

It has our import name, so the two overwrite each other's files. It is looked for where something
has failed or the version is asked for, never when a command starts.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress

from qftools.locale import text

_METADATA = re.compile(r"(?i)qftools(?:-[^-]+)?\.(?:dist-info|egg-info)$")


def warning() -> str:
    """What to say if a distribution named ``qftools`` is installed; empty where there is none."""
    if not any(_is_in(folder) for folder in sys.path):
        return ""
    from importlib import metadata  # takes longer to load than all the rest of ``--version``

    try:
        found = metadata.distribution("qftools")
    except metadata.PackageNotFoundError:
        return ""
    if found.entry_points:  # only ours has a command: a checkout that was installed by its old name
        return ""
    said = text(
        "The package qftools {version} is installed. It is another project, and its files replace "
        "some of this one's. Uninstall both, then install this one again: "
        "`pip uninstall qftools qfpay-toolkit`, `pip install qfpay-toolkit`."
    )
    return said.format(version=found.version)


def _is_in(folder: str) -> bool:
    """Whether a folder of the search path holds what an installer writes for such a name."""
    with suppress(OSError):
        return any(_METADATA.match(entry.name) for entry in os.scandir(folder or "."))
    return False
