"""What is installed with ``pip install qftools``: the package and its data, no lessons."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run(
        [uv, "build", "--quiet", "--wheel", "--out-dir", str(folder)], cwd=ROOT, check=True
    )
    (wheel,) = folder.glob("*.whl")
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_the_package_and_nothing_else(contents):
    tops = {name.split("/")[0] for name in contents}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"qftools"}


def test_the_wheel_holds_every_file_of_the_package(contents):
    listed = subprocess.run(
        ["git", "ls-files", "qftools"], cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert set(listed.stdout.split()) <= contents
