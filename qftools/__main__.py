"""``python -m qftools``: the command line."""

from __future__ import annotations

from qftools.cli import main

if __name__ == "__main__":
    main(prog_name="qftools")
