"""How a machine without pip gets the installer: by its hash, from the index that pip would use."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import io
import os
import ssl
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = ROOT / ".ci" / "bootstrap.py"
TABLE = ROOT / ".ci" / "uv.sha256"

spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
assert spec and spec.loader
bootstrap = importlib.util.module_from_spec(spec)
spec.loader.exec_module(bootstrap)

_TAGS = (f"{name}_{bootstrap.platform_tag()[1]}" for name in ("manylinux_2_17", "musllinux_1_1"))
WHEEL = f"uv-1.0-py3-none-{'.'.join(_TAGS)}.macosx_11_0_{bootstrap.platform_tag()[1]}.whl"


def _wheel(program: str = "#!/bin/sh\necho uv 1.0\n") -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("uv-1.0.data/scripts/uv"), program)  # no time of day in it
    return content.getvalue()


@dataclass
class Index:
    """A package index on loopback.

    Attributes:
        pages: What is at each path; a redirect is the text ``-> address``.
        seen: Path and Authorization of each request.
        password: The ``user:password`` that it asks for, if any.
        cut: How many of the next replies end in the middle.
    """

    address: str
    pages: dict[str, bytes]
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    password: str = ""
    cut: int = 0


def _served(tls: ssl.SSLContext | None = None) -> Iterator[Index]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            served.seen.append((self.path, self.headers["Authorization"]))
            page = served.pages.get(self.path)
            right = "Basic " + base64.b64encode(served.password.encode()).decode()
            if served.password and self.headers["Authorization"] != right:
                self.send_error(401)
            elif page is None:
                self.send_error(404)
            elif page.startswith(b"-> "):
                self.send_response(302)
                self.send_header("Location", page[3:].decode())
                self.end_headers()
            else:
                self.send_response(200)
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page[:9] if served.cut else page)
                served.cut = max(0, served.cut - 1)

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *args):  # a caller that does not trust the certificate hangs up
            pass

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if tls:
        server.socket, scheme = tls.wrap_socket(server.socket, server_side=True), "https"
    address = f"{scheme}://127.0.0.1:{server.server_port}"
    served = Index(
        address,
        {
            "/simple/uv/": f'<a href="../../files/{WHEEL}#sha256=0">a wheel</a>'.encode(),
            f"/files/{WHEEL}": _wheel(),
        },
    )
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture
def index() -> Iterator[Index]:
    """An index that has the wheel."""
    yield from _served()


@pytest.fixture
def other() -> Iterator[Index]:
    """Another host."""
    yield from _served()


@pytest.fixture
def nowhere(index: Index) -> str:
    """An index that has nothing."""
    return index.address + "/empty"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """The list with the hash of the wheel that the index has."""
    path = tmp_path / "uv.sha256"
    path.write_text(f"{hashlib.sha256(_wheel()).hexdigest()}  {WHEEL}\n")
    return path


@pytest.fixture
def run(tmp_path: Path, table: Path):
    """Run the script as on a machine whose home is *tmp_path*; no file of this machine's pip."""
    target = tmp_path / "uv"

    def run_(settings: dict[str, str], pip_conf: str = "", at: str = "mine.conf"):
        file = tmp_path / at
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(pip_conf)
        if at == "mine.conf":
            settings = {"PIP_CONFIG_FILE": str(file) if pip_conf else os.devnull, **settings}
        done = subprocess.run(
            [sys.executable, SCRIPT, table, target],
            env={"HOME": str(tmp_path), "PATH": os.environ["PATH"], **settings},
            capture_output=True,
            text=True,
            timeout=60,
        )
        installed = target.exists() and subprocess.check_output([target], text=True) == "uv 1.0\n"
        assert installed == (done.returncode == 0)
        assert "Traceback" not in done.stderr
        assert done.returncode == 0 or "make UV=/path/to/uv" in done.stderr
        assert [path.name for path in tmp_path.glob("uv*.part")] == []
        return done

    return run_


@pytest.mark.parametrize(
    ("settings", "pip_conf", "at"),
    [
        pytest.param({"PIP_INDEX_URL": "{url}"}, "", "mine.conf", id="variable"),
        pytest.param({"PIP_INDEX_URL": "{url}/"}, "", "mine.conf", id="slash at the end"),
        pytest.param({}, "[global]\nindex-url = {url}\n", "mine.conf", id="PIP_CONFIG_FILE"),
        pytest.param({}, "[global]\nindex_url: {url}\n", "mine.conf", id="underscore"),
        pytest.param({}, "[global]\nindex-url={url}", ".config/pip/pip.conf", id="user's file"),
        pytest.param({}, "[global]\nindex-url={url}", ".pip/pip.conf", id="user's old file"),
        pytest.param(
            {"XDG_CONFIG_HOME": "{home}/x"},
            "[global]\nindex-url={url}",
            "x/pip/pip.conf",
            id="XDG_CONFIG_HOME",
        ),
        pytest.param(
            {}, "[install]\nindex-url={url}\n[global]\nindex-url=/no", "mine.conf", id="[install]"
        ),
        pytest.param(
            {"PIP_INDEX_URL": "{url}"}, "[global]\nindex-url=/no\n", "mine.conf", id="both"
        ),
        pytest.param(
            {"PIP_INDEX_URL": "{nowhere}"},
            "[global]\nextra-index-url =\n  /no\n  {url}\n",
            "mine.conf",
            id="extra index",
        ),
        pytest.param({"UV_DEFAULT_INDEX": "{url}"}, "", "mine.conf", id="uv's variable"),
        pytest.param({"UV_DEFAULT_INDEX": "ours={url}"}, "", "mine.conf", id="uv's named index"),
        pytest.param({"UV_INDEX_URL": "{url}"}, "", "mine.conf", id="uv's old variable"),
        pytest.param(
            {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "{url}/uv/"}, "", "mine.conf", id="find-links"
        ),
        pytest.param(
            {"PIP_INDEX_URL": "{nowhere}", "PIP_PROXY": "{host}"}, "", "mine.conf", id="proxy"
        ),
    ],
)
def test_the_wheel_comes_from_where_pip_would_look(
    run, index, nowhere, tmp_path, settings, pip_conf, at
):
    index.pages["http://index.invalid/simple/uv/"] = index.pages["/simple/uv/"]
    index.pages[f"http://index.invalid/files/{WHEEL}"] = _wheel()
    words = {"url": index.address + "/simple", "home": str(tmp_path), "host": index.address}
    words["nowhere"] = "http://index.invalid/simple" if "PIP_PROXY" in settings else nowhere

    done = run(
        {name: value.format(**words) for name, value in settings.items()},
        pip_conf.format(**words),
        at,
    )

    assert done.returncode == 0, done.stderr
    assert index.seen[-1][0].endswith(f"/files/{WHEEL}")


@pytest.mark.parametrize("as_url", [False, True], ids=["path", "file:"])
@pytest.mark.parametrize("with_index", [False, True], ids=["wheels", "index.html"])
def test_a_folder_of_wheels_needs_no_network(run, tmp_path, as_url, with_index):
    folder = tmp_path / "my wheels"
    folder.mkdir()
    page = folder / "index.html"
    if with_index:
        page.write_text(f'<a href="kept/{WHEEL}">')
        (folder / "kept").mkdir()
    Path(folder, "kept" if with_index else "", WHEEL).write_bytes(_wheel())
    place = folder.as_uri() if as_url else str(folder.rename(tmp_path / "wheels"))

    done = run({"PIP_NO_INDEX": "true", "PIP_FIND_LINKS": place})

    assert done.returncode == 0, done.stderr


def test_a_wheel_with_another_hash_is_refused(run, index):
    index.pages[f"/files/{WHEEL}"] = _wheel("#!/bin/sh\necho evil\n")

    done = run({"PIP_INDEX_URL": index.address + "/simple"})

    assert done.returncode == 1
    assert hashlib.sha256(index.pages[f"/files/{WHEEL}"]).hexdigest() in done.stderr
    assert hashlib.sha256(_wheel()).hexdigest() in done.stderr


def test_a_wheel_of_another_version_is_not_taken(run, index):
    index.pages["/simple/uv/"] = index.pages["/simple/uv/"].replace(b"uv-1.0", b"uv-2.0")

    done = run({"PIP_INDEX_URL": index.address + "/simple"})

    assert done.returncode == 1
    assert f"{index.address}/simple/uv/: no link to this file" in done.stderr


def test_without_a_network_every_place_is_named_with_its_reason(run, index):
    done = run({"PIP_INDEX_URL": "http://127.0.0.1:1", "PIP_EXTRA_INDEX_URL": index.address})

    assert done.returncode == 1
    assert "http://127.0.0.1:1/uv/: " in done.stderr
    assert f"{index.address}/uv/: HTTP Error 404" in done.stderr
    assert "HTTPS_PROXY" in done.stderr


def test_a_machine_for_which_no_wheel_is_pinned_is_told_so(run, table):
    table.write_text(f"{'0' * 64}  uv-1.0-py3-none-win_amd64.whl\n")

    done = run({})

    assert done.returncode == 1
    assert " ".join(bootstrap.platform_tag()[1:]) in done.stderr


def test_a_program_that_does_not_run_here_is_not_installed(run, index, table):
    wheel = index.pages[f"/files/{WHEEL}"] = _wheel("#!/bin/sh\nexit 1\n")
    table.write_text(f"{hashlib.sha256(wheel).hexdigest()}  {WHEEL}\n")

    done = run({"PIP_INDEX_URL": index.address + "/simple"})

    assert "does not run on this machine" in done.stderr


def test_a_configuration_that_pip_could_not_read_is_named(run):
    done = run({}, "index-url = http://127.0.0.1:1\n")

    assert "mine.conf" in done.stderr


def test_a_reply_that_breaks_off_is_asked_for_again(run, index):
    index.cut = 1

    done = run({"PIP_INDEX_URL": index.address + "/simple"})

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("absolute", [False, True], ids=["relative links", "absolute links"])
@pytest.mark.parametrize("netrc", [False, True], ids=["in the address", "in .netrc"])
def test_the_password_of_an_index_is_sent_to_it(run, index, tmp_path, absolute, netrc):
    index.password = "me:p@ss"
    host = index.address.removeprefix("http://")
    if absolute:
        index.pages["/simple/uv/"] = f'<a href="{index.address}/files/{WHEEL}">'.encode()
    if netrc:
        file = tmp_path / ".netrc"
        file.write_text("machine 127.0.0.1 login me password p@ss\n")
        file.chmod(0o600)

    done = run({"PIP_INDEX_URL": f"http://{'' if netrc else 'me:p%40ss@'}{host}/simple"})

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("how", ["redirect", "link"])
def test_the_password_of_an_index_goes_to_no_other_host(run, index, other, how):
    there = f"{other.address}/files/{WHEEL}"
    if how == "redirect":
        index.pages[f"/files/{WHEEL}"] = f"-> {there}".encode()
    else:
        index.pages["/simple/uv/"] = f'<a href="{there}">'.encode()

    done = run({"PIP_INDEX_URL": index.address.replace("//", "//me:secret@") + "/simple"})

    assert done.returncode == 0, done.stderr
    assert index.seen[0][1] is not None
    assert other.seen == [(f"/files/{WHEEL}", None)]


@pytest.mark.parametrize("page", ["/nothing", "/simple"])
def test_a_message_never_holds_the_password(run, index, page):
    index.pages[f"/files/{WHEEL}"] = b"another file"

    done = run({"PIP_INDEX_URL": index.address.replace("//", "//me:s%65cret@") + page})

    assert done.returncode == 1
    assert "s%65cret" not in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.needs("openssl")
@pytest.mark.parametrize("trust", ["PIP_CERT", "REQUESTS_CA_BUNDLE", "PIP_TRUSTED_HOST", ""])
def test_an_index_with_a_certificate_of_its_own_is_asked_only_if_trusted(run, tmp_path, trust):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=index"
        f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}".split(),
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    serving = _served(tls)
    index = next(serving)
    value = {"PIP_TRUSTED_HOST": "127.0.0.1"}.get(trust, str(certificate))

    done = run({"PIP_INDEX_URL": index.address + "/simple", **({trust: value} if trust else {})})
    list(serving)  # ends it

    if trust:
        assert done.returncode == 0, done.stderr
    else:
        assert "CERTIFICATE_VERIFY_FAILED" in done.stderr
        assert index.seen == []


@pytest.mark.parametrize(
    ("system", "processor"),
    [
        ("manylinux", "x86_64"),
        ("manylinux", "aarch64"),
        ("musllinux", "x86_64"),
        ("musllinux", "aarch64"),
        ("macosx", "x86_64"),
        ("macosx", "arm64"),
    ],
)
def test_one_version_is_pinned_for_every_usual_machine(system, processor):
    wheel, digest = bootstrap.choose(TABLE.read_text(), system, processor)

    assert f"_{processor}" in wheel
    assert system in wheel
    assert len(bytes.fromhex(digest)) == 32
    assert {line.split()[1].split("-")[1] for line in TABLE.read_text().splitlines()} == {
        wheel.split("-")[1]
    }


def _make(tmp_path: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Make the stamp of the installer, in a virtual environment under *tmp_path*."""
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **settings}
    return subprocess.run(
        ["make", f"VENV={tmp_path}/venv", *words, f"{tmp_path}/venv/.installer"],
        cwd=ROOT,
        env={"PIP_CONFIG_FILE": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_make_needs_neither_pip_nor_ensurepip(tmp_path, index, table):
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    for name in ("pip", "ensurepip"):
        (hidden / f"{name}.py").write_text(f"raise ImportError('no {name} here')\n")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={hidden} exec {sys.executable} "$@"\n')
    python.chmod(0o755)

    done = _make(
        tmp_path,
        *(f"PYTHON={python}", f"PINNED_UV={table}"),
        PIP_INDEX_URL=index.address + "/simple",
    )

    assert done.returncode == 0, done.stderr
    assert subprocess.check_output([tmp_path / "venv/bin/uv"], text=True) == "uv 1.0\n"


def test_make_takes_the_uv_that_it_is_given(tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("#!/bin/sh\necho my uv\n")
    mine.chmod(0o755)

    done = _make(tmp_path, f"UV={mine}", PIP_INDEX_URL="http://127.0.0.1:1")

    assert done.returncode == 0, done.stderr
    assert subprocess.check_output([tmp_path / "venv/bin/uv"], text=True) == "my uv\n"
