"""The house: floors, and nothing runs up; what an import pulls in."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import qftools

PACKAGE = Path(qftools.__file__).parent

# Who may import whom: a module may import modules of its own floor that stand
# before it in the list, and all of the floors below.
FLOORS = [
    ["errors", "catalogue", "signing", "locale", "ownership"],
    ["addresses", "exchange", "validation", "models", "guard", "routing"],
    ["strict_json", "deadline", "door", "sandbox"],
    ["connection", "client"],
    ["verdicts", "policy", "findings", "evidence", "asking", "walk", "cancellation"],
    ["records", "journal_file", "journal_entries", "journal", "journal_page", "diagnosis"],
    ["pace", "sweep_cells", "sweep", "sweep_reading", "sweep_files"],
    ["panels", "demonstration", "cli", "__main__"],
]
RANK = {name: rank for rank, name in enumerate(name for floor in FLOORS for name in floor)}

# Two seams: the embedded sandbox hands out a client that is wired to it; and an error looks
# its words up when it is asked to say them in another language.
SEAMS = {("sandbox", "client"), ("errors", "locale")}


def modules():
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def part_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_parts(path):
    """Yield (part, at run time at the module's head) of every qftools import in *path*."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names = node.module.split(".")
            if names[0] == "qftools":
                yield from names[1:2] or [alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("qftools."):
                    yield alias.name.split(".")[1]


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_stands_below_it(path):
    me = part_of(path)
    assert me in RANK, f"{me} has no floor: give it one in FLOORS"

    up = {
        other
        for other in imported_parts(path)
        if other in RANK and RANK[other] > RANK[me] and (me, other) not in SEAMS
    }

    assert not up, f"{me} is below {up}"


def test_the_client_never_imports_the_sandbox():
    below = ["connection.py", "client.py", "walk.py", "cancellation.py", "findings.py"]

    assert all("sandbox" not in set(imported_parts(PACKAGE / name)) for name in below)


def loaded_by(statement):
    """Return the names of all modules that a fresh interpreter loads for *statement*."""
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_qftools_pulls_in_neither_widgets_nor_sandbox_nor_command_line():
    loaded = loaded_by("import qftools")

    for heavy in ("ipywidgets", "qftools.sandbox", "click", "rich", "requests", "waitress"):
        assert heavy not in loaded


def test_the_client_pulls_in_neither_widgets_nor_sandbox_nor_command_line():
    loaded = loaded_by("from qftools import Client, cancel")

    for heavy in ("ipywidgets", "qftools.sandbox", "click", "rich", "waitress", "sqlite3"):
        assert heavy not in loaded


def test_the_help_of_the_command_line_pulls_in_nothing_that_it_does_not_show():
    loaded = loaded_by(
        "from qftools.cli import main; main.get_help(main.make_context('qftools', ['sign']))"
    )

    for heavy in ("ipywidgets", "qftools.sandbox", "rich", "requests", "waitress", "sqlite3"):
        assert heavy not in loaded


def test_every_public_name_can_be_had_from_the_front_door():
    for name in qftools.__all__:
        assert getattr(qftools, name) is not None
    assert set(qftools.__all__) <= set(dir(qftools))


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = qftools.nothing_such


def test_a_served_sandbox_needs_no_requests_and_no_page_that_nobody_has_asked_for():
    loaded = loaded_by("from qftools.sandbox import Sandbox; Sandbox().start().stop()")

    for heavy in ("requests", "urllib3", "qftools.sandbox.control", "qftools.sandbox.dashboard"):
        assert heavy not in loaded
