"""``qftools --version``: answered without the rest of the command line, so that it is quick."""

from __future__ import annotations

import sys

import qftools
from qftools.cli.namesake import warning


def print_version() -> None:
    """Print the version; on standard error, that another project's files replace ours."""
    # Where the other project's files replaced ours, ours has no version any more.
    print(f"qftools, version {getattr(qftools, '__version__', '?')}")
    if said := warning():
        print(said, file=sys.stderr)
