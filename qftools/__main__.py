"""``qftools`` and ``python -m qftools``: the command line, and the version before it is loaded."""

from __future__ import annotations

import gc
import sys

# Objects made between two looks for garbage. What is loaded stays until the end: looking through
# it after each 700, as Python does, takes a twentieth of a short command.
_BETWEEN_LOOKS = 50_000


def main() -> None:
    """Run the command line."""
    gc.set_threshold(_BETWEEN_LOOKS)
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
