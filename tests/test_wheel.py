"""What ``pip install qfpay-toolkit`` brings: the package, its data, tried where nothing else is."""

from __future__ import annotations

import email
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
UV = str(Path(sys.executable).with_name("uv"))

spec = spec_from_file_location("release", ROOT / ".ci" / "release.py")
assert spec and spec.loader
release = module_from_spec(spec)
spec.loader.exec_module(release)


@pytest.fixture(scope="module")
def wheel(dist):
    (path,) = dist.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def contents(wheel):
    return set(zipfile.ZipFile(wheel).namelist())


@pytest.fixture(scope="module")
def described(wheel):
    """What the wheel says of itself to the package index."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))


def listed():
    done = subprocess.run(
        ["git", "ls-files", "qftools"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(done.stdout.split())


# ---- what is in it ------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_and_nothing_else(contents):
    tops = {name.split("/")[0] for name in contents}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"qftools"}


def test_the_wheel_holds_every_file_of_the_package_and_of_the_texts_only_what_is_compiled(contents):
    catalogues = {name for name in listed() if name.endswith(".po")}

    assert catalogues
    assert listed() - contents == catalogues


def test_the_source_holds_what_the_wheel_is_built_from_and_no_lessons(dist):
    (source,) = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert listed() <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "notebooks/"))]


# ---- tried, outside of the repository -----------------------------------------------------------

TRIAL = """
import asyncio, qftools, qftools.panels
from qftools.sandbox import Sandbox

assert "site-packages" in qftools.__file__, qftools.__file__
for name in qftools.panels.__all__:
    getattr(qftools.panels, name)
with Sandbox() as sandbox:
    sandbox.serve(0)
    account = sandbox.credentials
    client = qftools.Client(account, sandbox.url)
    order = client.pay(pay_type="800101", txamt=2500, txcurrcd="HKD")
    print(qftools.cancel(client, order).verdict)

    async def main():
        async with qftools.AsyncClient(account, sandbox.url) as client:
            return (await qftools.acancel(client, order)).verdict

    print(asyncio.run(main()))
"""


EXTRAS = ("--extra", "async", "--extra", "notebooks")
VERSIONS = """
import json
from importlib import metadata
print(json.dumps({found.name: found.version for found in metadata.distributions()}))
"""


def least(installed, asked):
    """The version that is installed, as far as the one that was asked for says."""
    return ".".join(installed.split(".")[: asked.count(".") + 1])


class Environment:
    """A virtual environment, and an empty folder to work in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._uv("venv", "--python", sys.executable, "env")

    def install(self, *what: str) -> None:
        self._uv("pip", "install", "--python", "env", *what)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        place = self.folder / "env" / "bin" / command[0]
        ours = ("PYTEST_", "QFTOOLS_")  # options of the run that this test is in
        return subprocess.run(
            [str(place), *command[1:]],
            cwd=self.folder,
            env={name: value for name, value in os.environ.items() if not name.startswith(ours)},
            capture_output=True,
            text=True,
            check=False,
        )

    def _uv(self, *arguments: str) -> None:
        subprocess.run([UV, "--quiet", *arguments], cwd=self.folder, check=True)


@pytest.fixture(scope="module")
def lowest(wheel, tmp_path_factory):
    """The wheel with the lowest versions of all that it asks for."""
    environment = Environment(tmp_path_factory.mktemp("lowest"))
    # Of the project: of a wheel, uv takes what it needs for indirect, and in the newest versions.
    needs = (*EXTRAS, "--requirement", str(ROOT / "pyproject.toml"))
    environment.install("--resolution", "lowest-direct", *needs)
    environment.install("--no-deps", str(wheel))
    return environment


def test_the_lowest_versions_that_it_allows_will_do(lowest):
    installed = json.loads(lowest.run("python", "-c", VERSIONS).stdout)
    demo = lowest.run("qftools", "--lang", "en", "demo")
    tried = lowest.run("python", "-c", TRIAL)

    needs = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    named = dict(need.split(">=") for need in needs)
    assert {name: least(installed[name], version) for name, version in named.items()} == named
    assert demo.stdout.startswith("45 of 45 verdicts agree with the sandbox's own records.")
    assert (tried.stdout, tried.stderr) == ("CANCELLED\nALREADY_CANCELLED\n", "")


# ---- a project of somebody else, with nothing but the wheel -------------------------------------

SHOP = """
import os
from qftools import Client, Credentials, OutcomeUnknownError, cancel

def shop(careful):
    client = Client(Credentials.from_environment(), os.environ["QFTOOLS_BASE_URL"])
    try:
        client.pay(pay_type="800101", txamt=77001, txcurrcd="HKD", out_trade_no="A1")
    except OutcomeUnknownError as lost:
        return cancel(client, lost.order).verdict if careful else "not paid"
    return "paid"
"""
SHOP_TESTS = """
import pytest
from shop import shop

pytestmark = pytest.mark.qfpay(fault="lost_reply", on="payment")

def test_careful(qfpay_sandbox):
    assert shop(careful=True) == "PAID"

def test_careless(qfpay_sandbox):
    assert shop(careful=False) == qfpay_sandbox.order("A1").state
"""
ASSISTANT = """
import anyio, json, mcp, os, sys

async def main():
    names = "HOME", "PATH"
    server = mcp.StdioServerParameters(
        command=os.path.join(os.path.dirname(sys.executable), "qftools"),
        args=["mcp", "--journal", "journal.db"],
        env={name: os.environ[name] for name in names if name in os.environ},
    )
    async with mcp.Client(mcp.stdio_client(server)) as assistant:
        await assistant.call_tool(
            "pay", {"pay_type": "800101", "txamt": 2500, "out_trade_no": "A1"}
        )
        result = await assistant.call_tool("cancel", {"number": "A1"})
        print(json.loads(result.content[0].text)["verdict"])

anyio.run(main)
"""


@pytest.fixture(scope="module")
def project_of_a_shop(wheel, tmp_path_factory):
    """An empty folder, an environment with the wheel and with tools that a shop may have."""
    environment = Environment(tmp_path_factory.mktemp("shop"))
    tools = ("pytest", "requests-mock", "opentelemetry-sdk")
    environment.install(f"{wheel}[mcp]", *tools, "opentelemetry-instrumentation-requests>=0.60b0")
    for name, code in (("shop", SHOP), ("test_shop", SHOP_TESTS), ("assistant", ASSISTANT)):
        (environment.folder / f"{name}.py").write_text(code, "utf-8")
    return environment


def test_a_shop_that_takes_a_lost_reply_for_not_paid_fails_and_a_careful_one_passes(
    project_of_a_shop,
):
    done = project_of_a_shop.run("pytest", "-q", "-p", "no:cacheprovider")

    assert re.search(r"^1 failed, 1 passed", done.stdout, re.MULTILINE), done.stdout
    assert "'not paid' == 'paid'" in done.stdout


@pytest.mark.parametrize("tool", ["requests_mock", "opentelemetry"])
def test_a_tool_of_the_shop_sees_the_calls(project_of_a_shop, tool):
    example = ROOT / "tests/examples" / f"with_{tool}.py"

    done = project_of_a_shop.run("python", str(example))

    assert (done.stdout, done.stderr) == (example.with_suffix(".txt").read_text("utf-8"), "")


def test_an_assistant_cancels_an_order_on_the_sandbox(project_of_a_shop):
    done = project_of_a_shop.run("python", "assistant.py")

    assert done.stdout == "CANCELLED\n", done.stderr


def test_the_other_project_of_that_name_is_named_by_version_and_by_a_failure(lowest, tmp_path):
    before = lowest.run("qftools", "--version")
    other = tmp_path / "qftools-0.1.1-py3-none-any.whl"
    with zipfile.ZipFile(other, "w") as archive:  # as it is: an empty front door
        archive.writestr("qftools/__init__.py", "")
        metadata = "Metadata-Version: 2.1\nName: qftools\nVersion: 0.1.1"
        archive.writestr(f"{OTHER}/METADATA", metadata)
        archive.writestr(f"{OTHER}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true")
        archive.writestr(f"{OTHER}/RECORD", f"qftools/__init__.py,,\n{OTHER}/RECORD,,\n")
    lowest.install(str(other))

    version = lowest.run("qftools", "--version")
    failed = lowest.run("qftools", "openapi")

    assert before.stdout.startswith("qftools, version 0") and before.stderr == ""
    assert version.stdout == "qftools, version ?\n"
    for said in (version.stderr, failed.stderr):
        assert "The package qftools 0.1.1 is installed. It is another project" in said
        assert "`pip uninstall qftools qfpay-toolkit`, `pip install qfpay-toolkit`" in said
    assert "Traceback" not in failed.stderr and failed.returncode == 70


OTHER = "qftools-0.1.1.dist-info"


# ---- what the index shows -----------------------------------------------------------------------


def test_on_the_index_every_link_and_picture_is_a_whole_address(described):
    page = described.get_payload()
    targets = re.findall(r"\]\(([^)\s]+)\)", page)

    assert described["Name"] == "qfpay-toolkit"
    assert targets and {target.partition("://")[0] for target in targets} <= {"https", "http"}
    assert re.search(r"!\[[^]]+\]\(https://\S+/raw/v[\d.]+/docs/assets/cancel-flow-en.svg\)", page)
    assert {link.partition(",")[0] for link in described.get_all("Project-URL")} == {
        *("Homepage", "Documentation", "Changelog", "Issues", "Source")
    }


def test_every_file_that_the_readme_links_to_is_there():
    for name in ("README.md", "README.zh.md"):
        targets = re.findall(r"\]\(([^)\s#]+)", (ROOT / name).read_text("utf-8"))

        assert [target for target in targets if not (ROOT / target).exists()] == []


# ---- its name, and its release ------------------------------------------------------------------

# pip install qftools, uv add "qftools[x]", uvx --from qftools ...
_WRONG_NAME = re.compile(
    r"\b(?:pip3?|uv|uvx|pipx)\b[^\n`]*(?:\binstall|\badd|--from|--with)[ =](?:-\S+ )*"
    r"['\"]?qftools\b(?!-)"
)


def texts() -> Iterator[tuple[str, str]]:
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in done.stdout.splitlines():
        if name != "tests/test_wheel.py" and (ROOT / name).is_file():
            yield name, (ROOT / name).read_text("utf-8", errors="replace")


def test_no_text_advises_to_install_the_other_project():
    assert _WRONG_NAME.search("pip install 'qftools[sweep]'")
    assert _WRONG_NAME.search("uvx --from qftools qftools demo")
    assert _WRONG_NAME.search("python -m pip install --upgrade qftools")

    assert [name for name, text in texts() if _WRONG_NAME.search(text)] == []


@pytest.fixture
def project(tmp_path):
    """What a release looks at, and the tag that it is to have."""
    (tmp_path / "qftools").mkdir()
    for name in ("CHANGELOG.md", "qftools/__init__.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    package = (ROOT / "qftools/__init__.py").read_text("utf-8")
    decide(tmp_path, "https://example.org/")
    return tmp_path, "v" + re.findall(r'__version__ = "(.*)"', package)[0]


def decide(folder, address):
    said = (ROOT / "pyproject.toml").read_text("utf-8")
    addresses = re.compile(r"^(repository|site) = .*$", re.MULTILINE)
    (folder / "pyproject.toml").write_text(addresses.sub(rf'\1 = "{address}"', said), "utf-8")


def test_a_release_is_refused_while_the_addresses_are_placeholders(project):
    folder, tag = project
    decided = release.reasons(folder, tag)
    decide(folder, "https://github.com/OWNER/qfpay-toolkit")

    assert decided == []
    assert [reason.split()[0] for reason in release.reasons(folder, tag)] == ["repository", "site"]


def test_a_release_is_refused_where_tag_version_and_dated_changelog_do_not_agree(project):
    folder, tag = project
    changelog = folder / "CHANGELOG.md"
    changelog.write_text("# Changelog\n\n## Unreleased\n", "utf-8")

    assert [reason.split()[1] for reason in release.reasons(folder, "v99")] == ["tag", "changelog"]
