"""``qftools`` and ``python -m qftools``: the command line, and the version before it is loaded."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["--version"]:
        from qftools.cli.streams import printing
        from qftools.cli.version import print_version

        with printing():
            print_version()
            raise SystemExit
    from qftools.cli import main as command_line

    command_line(prog_name="qftools")


if __name__ == "__main__":
    main()
