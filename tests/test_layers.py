"""The house: floors, and nothing runs up; what an import pulls in."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import qftools

PACKAGE = Path(qftools.__file__).parent

# The table is the documentation's, too: it draws the house from it.
FLOORS: dict[str, list[list[str]]] = tomllib.loads(
    PACKAGE.parent.joinpath("docs", "floors.toml").read_text("utf-8")
)
RANKS = {
    folder: {name: rank for rank, name in enumerate(name for floor in floors for name in floor)}
    for folder, floors in FLOORS.items()
}

# The embedded sandbox hands out a client that is wired to it; it explains a refused call when
# the explanation is shown.
SEAMS = {("qftools.sandbox", "qftools.client"), ("qftools.sandbox", "qftools.diagnosis")}


def modules():
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def named(path):
    """Return a file's module, with ``__init__`` for the module that is a folder's own."""
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)


MODULES = {named(path) for path in modules()} | {"qftools.__init__"}


def imported(path):
    """Yield every module of qftools that *path* imports when it runs, inside functions too."""
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
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            yield from _module_of(name)


def _module_of(name):
    while name.startswith("qftools"):
        for module in (name, f"{name}.__init__"):
            if module in MODULES:
                yield module
                return
        name = name.rpartition(".")[0]


def meeting(me, other):
    """Return the folder in which two modules meet, and the names of their rooms in it."""
    mine, theirs = me.split("."), other.split(".")
    depth = next(n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b)
    return ".".join(mine[:depth]), mine[depth], theirs[depth]


def upward(path):
    """Yield what a module imports though it stands above it."""
    me = named(path)
    for other in {*imported(path)} - {me, "qftools.__init__"}:
        folder, mine, theirs = meeting(me, other)
        ranks = RANKS[folder]
        seam = (f"{folder}.{mine}", f"{folder}.{theirs}")
        if ranks[theirs] >= ranks[mine] and seam not in SEAMS:
            yield other


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_stands_below_it(path):
    assert sorted(upward(path)) == []


def test_every_module_and_folder_has_its_floor():
    rooms = {f"{folder}.{room}" for folder, ranks in RANKS.items() for room in ranks}
    parts = {".".join(name.split(".")[:end]) for name in MODULES for end in (2, 3, 4)}
    plain = {name for name in MODULES if name.endswith(".__init__")}  # a docstring alone

    assert parts - rooms - plain == set()
    assert rooms - parts == set()
    for folder, ranks in RANKS.items():
        assert len(ranks) == sum(map(len, FLOORS[folder])), f"{folder}: a name stands there twice"


def imported_parts(path):
    return {name.split(".")[1] for name in imported(path)}


def test_the_client_never_imports_the_sandbox():
    below = [path for room in ("client", "cancellation") for path in (PACKAGE / room).glob("*.py")]

    assert below
    assert all("sandbox" not in imported_parts(path) for path in below)


def loaded_by(statement):
    """Return the names of all modules that a fresh interpreter loads for *statement*."""
    code = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_qftools_pulls_in_neither_widgets_nor_sandbox_nor_command_line():
    loaded = loaded_by("import qftools")

    for heavy in ("ipywidgets", "qftools.sandbox", "click", "rich", "requests", "waitress"):
        assert heavy not in loaded


def test_a_sandbox_that_only_answers_loads_nothing_of_what_shows_its_exchanges():
    loaded = loaded_by("from qftools.sandbox import Sandbox; Sandbox().serve()")

    assert "qftools.transport.server" in loaded
    for later in ("qftools.exchange.redaction", "qftools.models", "http.client", "requests"):
        assert later not in loaded


def test_the_client_pulls_in_neither_widgets_nor_sandbox_nor_command_line():
    loaded = loaded_by("from qftools import Client, cancel")

    for heavy in (
        "ipywidgets",
        "qftools.sandbox",
        "click",
        "rich",
        "waitress",
        "sqlite3",
        "httpx2",
    ):
        assert heavy not in loaded


def test_the_help_of_the_command_line_pulls_in_nothing_that_it_does_not_show():
    loaded = loaded_by(
        "from qftools.cli import main; main.get_help(main.make_context('qftools', ['sign']))"
    )

    for heavy in ("ipywidgets", "qftools.sandbox", "rich", "requests", "waitress", "sqlite3"):
        assert heavy not in loaded


def test_the_version_is_told_before_the_command_line_is_loaded():
    loaded = loaded_by(
        "sys.argv[1:] = ['--version']; from qftools.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass"
    )

    assert {"click", "importlib.metadata", "pathlib", "gettext", "json"} & loaded == set()


def test_explaining_a_paste_into_a_file_pulls_in_no_drawing_of_tables_and_no_network():
    loaded = loaded_by(
        "sys.argv[1:] = ['explain', '1145']; from qftools.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass"
    )

    for heavy in ("rich.console", "requests", "qftools.sandbox", "importlib.metadata"):
        assert heavy not in loaded


def test_the_pytest_plugin_pulls_in_nothing_before_a_test_asks_for_it():
    loaded = loaded_by("import qftools.pytest_plugin")

    assert {name for name in loaded if name.split(".")[0] in ("qftools", "requests")} == {
        *("qftools", "qftools.front_door", "qftools.pytest_plugin")
    }


def test_every_public_name_can_be_had_from_the_front_door():
    for name in qftools.__all__:
        assert getattr(qftools, name) is not None
    assert set(qftools.__all__) <= set(dir(qftools))


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = qftools.nothing_such


def test_a_served_sandbox_needs_no_requests_and_no_page_that_nobody_has_asked_for():
    loaded = loaded_by("from qftools.sandbox import Sandbox; s = Sandbox(); s.serve(); s.close()")

    for heavy in (
        "requests",
        "urllib3",
        "qftools.sandbox.control.control",
        "qftools.sandbox.web.workbench",
    ):
        assert heavy not in loaded
