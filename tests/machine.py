"""What tests need from the machine besides Python: how to see it, and how to get it.

    python tests/machine.py             say what is here
    python tests/machine.py --install   install what is missing with apt-get

Nothing is installed unless asked for.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Need:
    """One thing of the machine.

    Attributes:
        name: What ``pytest.mark.needs`` calls it.
        commands: Any one of these on the PATH will do.
        check: Arguments for that command which must end in success, if finding it is not enough.
        packages: Debian packages that bring it.
        used_by: What is left out without it.
    """

    name: str
    commands: tuple[str, ...]
    check: tuple[str, ...]
    packages: tuple[str, ...]
    used_by: str

    def command(self) -> str | None:
        """The path of the first command that is there."""
        return next((path for name in self.commands if (path := shutil.which(name))), None)


_PHP_CURL = ("-r", 'exit(extension_loaded("curl") ? 0 : 1);')
_MONO_HTTP = "/usr/lib/mono/4.5/System.Net.Http.dll"
_CHROMES = ("chromium", "chromium-browser", "google-chrome")

NEEDS = {
    need.name: need
    for need in (
        Need("chromium", _CHROMES, (), ("chromium",), "site, notebooks and panels in a browser"),
        Need(
            "chinese-font",
            ("fc-list",),
            (":lang=zh",),
            ("fontconfig", "fonts-noto-cjk"),
            "Chinese pages in a browser",
        ),
        Need("curl", ("curl",), (), ("curl",), "samples in cURL"),
        Need("jq", ("jq",), (), ("jq",), "samples in cURL"),
        Need("php", ("php",), _PHP_CURL, ("php-cli", "php-curl"), "samples in PHP"),
        Need("java", ("javac",), ("-version",), ("default-jdk-headless",), "samples in Java"),
        Need(
            "gson",
            ("sh",),
            ("-c", "ls /usr/share/java/gson.jar"),
            ("libgoogle-gson-java",),
            "samples in Java",
        ),
        Need("node", ("node",), ("--version",), ("nodejs",), "samples in JavaScript"),
        Need("npm", ("npm",), (), ("npm",), "lessons in the browser; axe-core"),
        Need("go", ("go",), ("version",), ("golang-go",), "samples in Go"),
        Need(
            "csharp",
            ("sh",),
            ("-c", f"command -v mcs && command -v mono && ls {_MONO_HTTP}"),
            (
                "mono-mcs",
                "mono-runtime",
                "libmono-system-net-http4.0-cil",
                "libmono-system-runtime-serialization4.0-cil",
                "libmono-system-xml-linq4.0-cil",
            ),
            "samples in C#",
        ),
        Need("openssl", ("openssl",), (), ("openssl",), "samples before a false certificate"),
    )
}


@cache
def present(name: str) -> bool:
    """Whether the machine has what the table calls *name*.

    Example:
        >>> present("curl") in (True, False)
        True
    """
    need = NEEDS[name]
    command = need.command()
    if command is None or not need.check:
        return command is not None
    done = subprocess.run([command, *need.check], capture_output=True, check=False)
    # fc-list ends in success whether or not it found a font: a check must also say something,
    # except PHP's, which only ends.
    return done.returncode == 0 and bool(done.stdout or done.stderr or need.check == _PHP_CURL)


def missing() -> list[Need]:
    """The rows of the table that this machine lacks."""
    return [need for need in NEEDS.values() if not present(need.name)]


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
    present.cache_clear()


def main() -> int:
    """Install if asked to; then print the table as this machine fills it."""
    if "--install" in sys.argv[1:]:
        install(missing())
    for need in NEEDS.values():
        state = "yes" if present(need.name) else f"no: {how_to_get(need)}"
        print(f"{need.name:13} {need.used_by:42} {state}")
    return 1 if missing() else 0


if __name__ == "__main__":
    sys.exit(main())
