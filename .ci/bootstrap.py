"""Install uv, the project's installer, from the pinned wheel; a file with another hash is refused.

    python .ci/bootstrap.py .ci/uv.sha256 .venv/bin/uv

The first argument lists wheels with their SHA-256 (as sha256sum prints them), the second is the
file to write. Only the standard library is needed: no pip, no ensurepip.

The wheel comes from where pip would look: its variables (PIP_INDEX_URL and others), then its
configuration files, then UV_DEFAULT_INDEX or UV_INDEX_URL, then the public index.
"""

from __future__ import annotations

import configparser
import hashlib
import http.client
import io
import netrc
import os
import platform
import re
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import SplitResult, unquote, urldefrag, urljoin, urlsplit

PUBLIC_INDEX = "https://pypi.org/simple"
# Besides those that Python finds: on macOS it may find none.
CERTIFICATES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
)
TIMEOUT = 30.0


class Trouble(Exception):
    """Why the wheel can't be had from one place."""


def main() -> int:
    """Install; on failure say why and what to do, and return 1."""
    table, target = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        wheel, digest = choose(table.read_text("utf-8"), *platform_tag())
        install(download(wheel, digest), target)
    except Trouble as trouble:
        print(f"Could not install uv: {trouble}", file=sys.stderr)
        print("If you have uv already: make UV=/path/to/uv", file=sys.stderr)
        return 1
    return 0


def platform_tag() -> tuple[str, str]:
    """What wheels call this system and its processor: ``("manylinux", "x86_64")``."""
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return {"linux": libc, "darwin": "macosx"}.get(sys.platform, sys.platform), platform.machine()


def choose(table: str, system: str, processor: str) -> tuple[str, str]:
    """The wheel of *table* for such a machine, and its SHA-256."""
    fits = re.compile(rf"{system}_\d+_\d+_{processor}")
    for line in table.splitlines():
        digest, wheel = line.split()
        tags = wheel.removesuffix(".whl").rpartition("-")[2]
        if any(map(fits.fullmatch, tags.split("."))):
            return wheel, digest
    raise Trouble(f"no wheel is pinned for {system} on {processor}.")


def download(wheel: str, digest: str) -> bytes:
    """The content of *wheel*, from the first place that has it."""
    troubles = []
    for place in places():
        try:
            link = find(place, wheel)
            content = fetch(link)
        except Trouble as trouble:
            troubles.append(f"\n  {trouble}")
            continue
        found = hashlib.sha256(content).hexdigest()
        if found != digest:
            raise Trouble(
                f"{_without_password(link)} is not the pinned file and was not used."
                f"\n  expected SHA-256 {digest}\n  found SHA-256    {found}"
            )
        return content
    raise Trouble(
        "".join([f"{wheel} was not found.", *troubles])
        + "\nCheck the network, the proxy (HTTPS_PROXY), the certificates (ca-certificates)"
        " and pip's index-url."
    )


def install(wheel: bytes, target: Path) -> None:
    """Write the program in *wheel* to *target*, after it has run once."""
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        (member,) = (name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        program = archive.read(member)
    part = target.with_name(target.name + ".part")
    part.write_bytes(program)
    part.chmod(0o755)
    try:
        subprocess.run([part, "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        part.unlink()
        raise Trouble(f"the pinned uv does not run on this machine: {error}.") from None
    part.replace(target)


def places() -> Iterator[str]:
    """Where pip would look for uv: folders and pages with links to wheels."""
    yield from pip_setting("find-links").split()
    if pip_setting("no-index").lower() in ("1", "true", "yes", "on", "y", "t"):
        return
    uv_index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL") or PUBLIC_INDEX
    index = pip_setting("index-url") or re.sub(r"^[\w.-]+=", "", uv_index)  # uv's may have a name
    for address in (index, *pip_setting("extra-index-url").split()):
        yield address.rstrip("/") + "/uv/"


def find(place: str, wheel: str) -> str:
    """The address of *wheel*, by the links of *place*."""
    if place.startswith("file:") or "://" not in place:
        name = unquote(urlsplit(place).path) if place.startswith("file:") else place
        path = Path(name).expanduser().absolute()
        if (path / wheel).is_file():
            return (path / wheel).as_uri()
        place = (path / "index.html" if path.is_dir() else path).as_uri()
    page = _Links(fetch(place).decode(errors="replace"))
    for link in page.links:
        if unquote(urlsplit(link).path).rpartition("/")[2] == wheel:
            return _with_password_of(place, urldefrag(urljoin(place, link)).url)
    raise Trouble(f"{_without_password(place)}: no link to this file")


def fetch(address: str) -> bytes:
    """What is at *address*; a broken connection is tried a second time."""
    plain = _without_password(address)
    request = urllib.request.Request(plain, headers={"Accept": "text/html, */*;q=0.5"})
    for last in (False, True):
        try:
            with _opener(urlsplit(address)).open(request, timeout=TIMEOUT) as reply:
                content: bytes = reply.read()
                return content
        except (OSError, http.client.HTTPException, ValueError) as error:
            if last or isinstance(error, urllib.error.HTTPError):
                raise Trouble(f"{plain}: {error}") from None
    raise AssertionError("unreachable")


def pip_setting(name: str) -> str:
    """The value that pip would use for its option *name*, or an empty text."""
    variable = os.environ.get("PIP_" + name.upper().replace("-", "_"), "")
    files = _pip_files()
    return variable or files.get("install", name, fallback=files.get("global", name, fallback=""))


@cache
def _pip_files() -> configparser.RawConfigParser:
    """All of pip's configuration files; what is read later counts."""
    parser = configparser.RawConfigParser()
    parser.optionxform = lambda name: name.lower().replace("_", "-").removeprefix("--")  # type: ignore[assignment, method-assign]
    own = os.environ.get("PIP_CONFIG_FILE", "")
    if own == os.devnull:
        return parser
    mac = "Library/Application Support/pip/pip.conf"
    shared = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    files = [
        Path("/", mac),
        *(Path(folder, "pip/pip.conf") for folder in shared.split(os.pathsep)),
        Path("/etc/pip.conf"),
        Path.home() / ".pip/pip.conf",
        user / "pip/pip.conf",
        Path.home() / mac,
        Path(sys.prefix, "pip.conf"),
        Path(own or os.devnull),
    ]
    try:
        parser.read(files, encoding="utf-8")
    except configparser.Error as error:
        raise Trouble(f"pip's configuration can't be read: {error}") from None
    return parser


def _opener(address: SplitResult) -> urllib.request.OpenerDirector:
    """What opens *address*: with the machine's certificates and proxies, and pip's."""
    host = address.netloc.rpartition("@")[2]
    trusted = bool({host, address.hostname} & set(pip_setting("trusted-host").split()))
    passwords = urllib.request.HTTPPasswordMgrWithPriorAuth()
    if login := _login(address):
        passwords.add_password(None, host, *login, is_authenticated=True)
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.HTTPSHandler(context=_tls(trusted)),
        urllib.request.HTTPBasicAuthHandler(passwords),
    ]
    if proxy := pip_setting("proxy"):
        handlers.append(urllib.request.ProxyHandler({"http": proxy, "https": proxy}))
    return urllib.request.build_opener(*handlers)


@cache
def _tls(trusted: bool) -> ssl.SSLContext:
    """How to check certificates; the one of a *trusted* host is not checked, as in pip."""
    context = ssl.create_default_context()
    if trusted:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # as pip: many companies' certificates fail it
    environment = (os.environ.get(name) for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"))
    for bundle in filter(None, (*CERTIFICATES, pip_setting("cert"), *environment)):
        if Path(bundle).is_file():
            context.load_verify_locations(bundle)
    return context


def _login(address: SplitResult) -> tuple[str, str] | None:
    """User and password for *address*: its own, or those in ~/.netrc."""
    if address.username:
        return unquote(address.username), unquote(address.password or "")
    with suppress(OSError, netrc.NetrcParseError):
        known = netrc.netrc().authenticators(address.hostname or "")
        return known and (known[0], known[2] or "")
    return None


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _with_password_of(page: str, link: str) -> str:
    """*link* with the user and password of *page*, if both are on one host."""
    on_page, parts = urlsplit(page).netloc, urlsplit(link)
    return parts._replace(netloc=on_page).geturl() if on_page.endswith("@" + parts.netloc) else link


class _Links(HTMLParser):
    """The targets of all links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep what a link points to."""
        if tag == "a":
            self.links += [value for name, value in attrs if name == "href" and value]


if __name__ == "__main__":
    sys.exit(main())
