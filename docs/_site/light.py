"""Make the wheels that a browser loads light: less to send, less to compile before a first result.

What no lesson reads stays out. What each lesson loads to begin with comes as byte code, made by
the very Python that will run it; qftools keeps its source beside it, so that a reader can look.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent / "lite"
STDLIB = "python_stdlib.zip"
# By the beginning of a path. Stubs of other people's packages are nine tenths of jedi.
UNREAD = (
    "jedi/third_party/django-stubs/",
    "jedi/third_party/typeshed/stubs/",
    "ipywidgets/tests/",
    "ipywidgets/widgets/tests/",
    "IPython/sphinxext/",
    "pydoc_data/",
)
# What is left out unless a lesson loads it: a lexer for each of 600 languages.
UNLESS_LOADED = ("pygments/lexers/",)
WITH_SOURCE = "qfpay_toolkit"


def lighten(runtime: Path) -> None:
    """Rewrite the archives in *runtime*: its wheels, and Python's own library."""
    archives = dict.fromkeys(sorted(runtime.glob("*.whl")), "site-packages")
    archives[runtime / STDLIB] = "stdlib"
    with tempfile.TemporaryDirectory(prefix="qftools-lite-") as name:
        folder = Path(name)
        for path, place in archives.items():
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder / place, _read_names(archive))
        _compile(runtime, folder)
        for path, place in archives.items():
            _repack(path, folder / place)


def _read_names(archive: zipfile.ZipFile) -> list[str]:
    return [
        name
        for name in sorted(archive.namelist())
        if not name.startswith(UNREAD) and not name.endswith(("/", ".dist-info/RECORD"))
    ]


def _compile(runtime: Path, folder: Path) -> None:
    command = ["node", str(HERE / "compile.mjs"), str(runtime), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


def _repack(path: Path, unpacked: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        names = _read_names(archive)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            compiled = unpacked / f"{name}c"
            if not compiled.exists():
                if not name.startswith(UNLESS_LOADED):
                    _add(archive, name, unpacked / name)
            elif path.name.startswith(WITH_SOURCE):
                _add(archive, name, unpacked / name)
                _add(archive, _cached(name), compiled)
            else:
                _add(archive, f"{name}c", compiled)


def _cached(name: str) -> str:
    folder, _, file = name.rpartition("/")
    return f"{folder}/__pycache__/{file.removesuffix('.py')}.cpython-314.pyc"


def _add(archive: zipfile.ZipFile, name: str, file: Path) -> None:
    # Without the time of this build, so that a wheel that is the same has the same hash.
    archive.writestr(zipfile.ZipInfo(name), file.read_bytes(), zipfile.ZIP_DEFLATED, 9)
