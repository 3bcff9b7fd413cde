"""What tests need from the machine besides Python: how to prove it, and how to get it.

    python tests/tools/machine.py             say what is here
    python tests/tools/machine.py --install   install what is missing with apt-get

A need is proved by running what needs it: a program that is there may lack a library or a module.
The browser is driven by Playwright, so ``make setup`` comes first. Nothing is installed unless
asked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Need:
    """One thing of the machine.

    Attributes:
        name: What ``pytest.mark.needs`` calls it.
        commands: Any one of these on the PATH will do.
        proof: A script of sh, run in an empty folder, that prints 42 by means of the command, $0.
        packages: Debian packages that bring it.
        used_by: What is left out without it.
    """

    name: str
    commands: tuple[str, ...]
    proof: str
    packages: tuple[str, ...]
    used_by: str

    def command(self) -> str | None:
        """The path of the first command that is there."""
        return next((path for name in self.commands if (path := shutil.which(name))), None)


_BROWSER = f"cd '{ROOT}' && '{sys.executable}' -m tests.browser"
_CURL = 'printf 42 > page && "$0" --version | grep -qw https && "$0" -fsS "file://$PWD/page"'
_GO = """cat > a.go <<'END' && GO111MODULE=off "$0" run a.go
package main
import "fmt"
func main() { fmt.Println(42) }
END"""
_JAVA = """cat > A.java <<'END' && "$0" A.java && java -cp . A
class A { public static void main(String[] words) { System.out.println(42); } }
END"""
_GSON = """cat > A.java <<'END' && "$0" -cp /usr/share/java/gson.jar A.java
class A { public static void main(String[] words) {
  System.out.println(new com.google.gson.Gson().toJson(42)); } }
END"""
_CSHARP = """cat > a.cs <<'END'
using System.Runtime.Serialization.Json;
class A { static void Main() {
  new System.Net.Http.HttpClient();
  var reader = JsonReaderWriterFactory.CreateJsonReader(
    new byte[] { 52, 50 }, System.Xml.XmlDictionaryReaderQuotas.Max);
  System.Console.WriteLine(System.Xml.Linq.XElement.Load(reader).Value); } }
END
"$0" -r:System.Net.Http -r:System.Runtime.Serialization -r:System.Xml -r:System.Xml.Linq a.cs &&
mono a.exe"""
_OPENSSL = """"$0" req -x509 -newkey rsa:2048 -nodes -subj /CN=42 -keyout key -out good &&
"$0" x509 -in good -noout -subject | grep -o 42"""
_STRACE = """"$0" -y -e trace=write -o calls echo 42 >&2 && grep -qF '"42\\n"' calls && echo 42"""

NEEDS = {
    need.name: need
    for need in (
        Need(
            "chromium",
            ("chromium", "chromium-browser", "google-chrome"),
            _BROWSER,
            ("chromium", "libatomic1"),  # Playwright's own node needs libatomic.so.1
            "site, notebooks and panels in a browser",
        ),
        Need(
            "chinese-font",
            ("fc-list",),
            '"$0" :lang=zh | grep -q . && echo 42',
            ("fontconfig", "fonts-noto-cjk"),
            "Chinese pages in a browser",
        ),
        Need("curl", ("curl",), _CURL, ("curl",), "samples in cURL"),
        Need("jq", ("jq",), """echo '[42]' | "$0" '.[0]'""", ("jq",), "samples in cURL"),
        Need(
            "php",
            ("php",),
            """"$0" -r 'curl_init(); echo json_encode(42);'""",
            ("php-cli", "php-curl"),
            "samples in PHP",
        ),
        Need("java", ("javac",), _JAVA, ("default-jdk-headless",), "samples in Java"),
        Need("gson", ("java",), _GSON, ("libgoogle-gson-java",), "samples in Java"),
        Need(
            "node",
            ("node",),
            """"$0" -e 'fetch; console.log(42)'""",
            ("nodejs",),
            "samples in JavaScript",
        ),
        Need(
            "npm",
            ("npm",),
            '"$0" init --yes --init-version=42.0.0 >&2 && grep -o 42 package.json',
            ("npm",),
            "lessons in the browser",
        ),
        Need("go", ("go",), _GO, ("golang-go",), "samples in Go"),
        Need(
            "csharp",
            ("mcs",),
            _CSHARP,
            (
                "mono-mcs",
                "mono-runtime",
                "libmono-system-net-http4.0-cil",
                "libmono-system-runtime-serialization4.0-cil",
                "libmono-system-xml-linq4.0-cil",
            ),
            "samples in C#",
        ),
        Need("openssl", ("openssl",), _OPENSSL, ("openssl",), "samples before a false certificate"),
        Need("strace", ("strace",), _STRACE, ("strace",), "the journal's syncs, as the system saw"),
    )
}


def present(name: str) -> bool:
    """Whether what the table calls *name* works on this machine.

    Example:
        >>> present("curl") in (True, False)
        True
    """
    return not why_missing(name)


@cache
def why_missing(name: str) -> str:
    """Why what the table calls *name* does not work on this machine; empty if it does."""
    need = NEEDS[name]
    command = need.command()
    if command is None:
        return f"there is no {' or '.join(need.commands)}"
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                ["sh", "-c", need.proof, command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=120,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"{command} did not end within two minutes"
    if done.returncode == 0 and done.stdout.strip() == "42":
        return ""
    said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()
    library = (line for line in said if "error while loading shared libraries" in line)
    return f"{command} does not work: {next(library, said[-1]).strip()}"


def missing() -> list[Need]:
    """The rows of the table that this machine lacks."""
    with ThreadPoolExecutor(os.cpu_count()) as several:
        works = several.map(present, NEEDS)
        return [need for need, here in zip(NEEDS.values(), works, strict=True) if not here]


def nothing_may_be_left_out() -> bool:
    """Whether a missing need is a failure (``CI=true``) and not a skipped test."""
    return os.environ.get("CI", "").lower() == "true"


def how_to_get(need: Need) -> str:
    """One line for a person: what to type.

    Example:
        >>> how_to_get(NEEDS["php"])
        'apt-get install php-cli php-curl'
    """
    return "apt-get install " + " ".join(need.packages)


def install(needs: Iterable[Need]) -> None:
    """Install *needs* with apt-get, after one ``apt-get update``."""
    packages = [package for need in needs for package in need.packages]
    if not packages:
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run([*as_root, "apt-get", "-qq", *arguments], check=True, env=environment)
    why_missing.cache_clear()


def main() -> int:
    """Install if asked to; then print the table as this machine fills it."""
    if "--install" in sys.argv[1:]:
        install(missing())
    lacking = missing()
    for need in NEEDS.values():
        state = f"no: {how_to_get(need)}" if need in lacking else "yes"
        print(f"{need.name:13} {need.used_by:42} {state}")
    for need in lacking:
        print(f"{need.name}: {why_missing(need.name)}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
