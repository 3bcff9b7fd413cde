"""The lessons in the browser: JupyterLite on Pyodide, served by the site itself.

    python -m docs._site.browser SITE          build SITE/lite/zh and SITE/lite/en
    python -m docs._site.browser --pin         choose the wheels anew, into lite/requirements.txt

Nothing is fetched by the reader from elsewhere: runtime, wheels and pages are part of the site.
It needs npm and Node.js: the one brings Pyodide, the other runs it once (see light.py).
"""

from __future__ import annotations

import email
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from docs._site import notices
from docs._site.light import lighten

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "lite"
WORK = ROOT / ".make" / "lite"
PINS = HERE / "requirements.txt"
PYODIDE = "314.0.6"
PYODIDE_SHA256 = "d78ac549b28a2a58600cd06f44e017024151775f8c6b2d73fab1475400d38ea2"
PYTHON = "3.14"
PLATFORM = "wasm32-pyodide2024"
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
WANTED = ("micropip==0.11.1", "ipython", "comm", "ipywidgets", "tzdata", "packaging")
# What only a terminal or a server needs.
UNUSED = {
    *("widgetsnbextension", "jupyterlab-widgets"),
    *("pexpect", "ptyprocess", "prompt-toolkit", "wcwidth"),
}
# Wheels that the kernel would otherwise install one by one when it starts.
KERNEL = "share/jupyter/labextensions/@jupyterlite/pyodide-kernel-extension/static/pypi"
KERNEL_WHEELS = ("piplite-*.whl", "pyodide_kernel-*.whl", "ipykernel-*.whl")
LOCALES = {"zh": "zh_CN", "en": "default"}
# What a marker in a wheel's requirements is read against.
MARKERS = {
    "extra": "",
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_machine": "wasm32",
    "platform_python_implementation": "CPython",
    "platform_system": "Emscripten",
    "python_full_version": f"{PYTHON}.2",
    "python_version": PYTHON,
    "sys_platform": "emscripten",
}


def build(site: Path) -> None:
    """Build both languages into *site*; they share one runtime."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise SystemExit("The lessons in the browser need npm and Node.js: or make docs LITE=0")
    shutil.rmtree(site / "lite", ignore_errors=True)
    runtime = site / "lite" / "pyodide"
    runtime.mkdir(parents=True)
    _lay_runtime(runtime)
    _lay_wheels(runtime)
    for lang in LOCALES:
        _build_app(lang, site / "lite" / lang)
    notices.write(site, PYODIDE)


def pin() -> None:
    """Choose the wheels that the browser gets, with their hashes."""
    wanted = WORK / "wanted.txt"
    WORK.mkdir(parents=True, exist_ok=True)
    wheel = _own_wheel()
    wanted.write_text("\n".join([*WANTED, f"qfpay-toolkit @ {wheel.as_uri()}"]))
    _run(
        *(_python("uv"), "pip", "compile", "-q", "--no-build", "--generate-hashes"),
        *(f"--python-platform={PLATFORM}", f"--python-version={PYTHON}"),
        *("--no-annotate", "--no-header", "--no-emit-package=qfpay-toolkit"),
        *(f"--no-emit-package={name}" for name in UNUSED),
        *(f"--output-file={PINS}", str(wanted)),
    )


def _lay_runtime(runtime: Path) -> None:
    tarball = WORK / f"pyodide-{PYODIDE}.tgz"
    if not tarball.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        _run("npm", "pack", "--silent", f"pyodide@{PYODIDE}", f"--pack-destination={WORK}")
    if hashlib.sha256(tarball.read_bytes()).hexdigest() != PYODIDE_SHA256:
        tarball.unlink()
        raise SystemExit(f"pyodide {PYODIDE} is not what it was when it was chosen")
    with tarfile.open(tarball) as archive:
        for name in RUNTIME:
            content = archive.extractfile(f"package/{name}")
            assert content is not None
            (runtime / name).write_bytes(content.read())
        lock = archive.extractfile("package/pyodide-lock.json")
        assert lock is not None
        (runtime / "pyodide-lock.json").write_bytes(lock.read())


def _lay_wheels(runtime: Path) -> None:
    _run(
        *(sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check"),
        *("--no-deps", "--require-hashes", "--only-binary=:all:", "--platform=any"),
        *("--implementation=py", "--abi=none", f"--python-version={PYTHON}"),
        *(f"--dest={runtime}", f"--requirement={PINS}"),
    )
    shutil.copy(_own_wheel(), runtime)
    for pattern in KERNEL_WHEELS:
        (wheel,) = Path(sys.prefix, KERNEL).glob(pattern)
        shutil.copy(wheel, runtime)
    lighten(runtime)
    lock = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    wheels = sorted(runtime.glob("*.whl"))
    have = {canonicalize_name(parse_wheel_filename(wheel.name)[0]) for wheel in wheels}
    lock["packages"] = {entry["name"]: entry for entry in _entries(wheels, have)}
    (runtime / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    if absent := set(_loaded()) - lock["packages"].keys():
        # Each kernel would wait for it for ever.
        raise SystemExit(f"jupyter-lite.json loads what no wheel holds: {', '.join(absent)}")


def _loaded() -> list[str]:
    """The packages that a kernel loads when it starts."""
    settings = json.loads((HERE / "jupyter-lite.json").read_text(encoding="utf-8"))
    plugins = settings["jupyter-config-data"]["litePluginSettings"]
    kernel = plugins["@jupyterlite/pyodide-kernel-extension:kernel"]
    packages: list[str] = kernel["loadPyodideOptions"]["packages"]
    return packages


def _entries(wheels: list[Path], have: set[Any]) -> Iterator[dict[str, Any]]:
    for wheel in wheels:
        name, version, *_ = parse_wheel_filename(wheel.name)
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            metadata = next(n for n in names if n.endswith(".dist-info/METADATA"))
            said = email.message_from_bytes(archive.read(metadata))
        needs = [Requirement(text) for text in said.get_all("Requires-Dist") or []]
        applies = [n for n in needs if n.marker is None or n.marker.evaluate(MARKERS)]
        tops = (re.match(r"([A-Za-z_]\w*)(/__init__)?\.pyc?$", name) for name in names)
        yield {
            "name": str(canonicalize_name(name)),
            "version": str(version),
            "file_name": wheel.name,
            "install_dir": "site",
            "sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(),
            "package_type": "package",
            "imports": sorted({top[1] for top in tops if top}),
            "depends": sorted({str(canonicalize_name(n.name)) for n in applies} & have),
            "unvendored_tests": False,
        }


def _own_wheel() -> Path:
    folder = WORK / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    _run(_python("uv"), "build", "--quiet", "--wheel", f"--out-dir={folder}", str(ROOT))
    (wheel,) = folder.glob("qfpay_toolkit-*.whl")
    return wheel


def _build_app(lang: str, out: Path) -> None:
    work = WORK / lang
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copy(HERE / "jupyter-lite.json", work)
    overrides = {"@jupyterlab/translation-extension:plugin": {"locale": LOCALES[lang]}}
    (work / "overrides.json").write_text(json.dumps(overrides), encoding="utf-8")
    shutil.copytree(
        ROOT / "notebooks" / lang,
        work / "content",
        ignore=shutil.ignore_patterns(".ipynb_checkpoints"),
    )
    _run(
        *(sys.executable, "-m", "jupyterlite_core", "build", "--apps=notebooks"),
        *("--no-sourcemaps", "--contents=content", f"--output-dir={out}"),
        cwd=work,
    )


def _python(tool: str) -> str:
    return str(Path(sys.executable).parent / tool)


def _run(*command: str, cwd: Path = ROOT) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--pin"]:
        pin()
    elif len(sys.argv) == 2:
        build(Path(sys.argv[1]).resolve())
    else:
        sys.exit(__doc__)
