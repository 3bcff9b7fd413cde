"""Run by compile.mjs in the browser's Python: byte code of what a lesson loads to begin with.

/unpacked holds stdlib and site-packages, unpacked; each .pyc is written beside its .py.
"""

import py_compile
import sys
import sysconfig
from importlib import import_module
from typing import Any

SITE = "/unpacked/site-packages/"
FIRST_CELLS = """
import piplite.piplite
from qftools.panels import CancelFlow
CancelFlow().run_button.click()
"""

sys.path.insert(0, SITE)

import_module("ipython_pygments_lexers")  # colours a traceback
shell: Any = import_module("pyodide_kernel").kernel_instance.interpreter
shell.send_comm = lambda *message: None  # no page listens
shell.run_cell(FIRST_CELLS).raise_error()

library = next(path for path in sys.path if path.endswith(".zip")) + "/"
for module in list(sys.modules.values()):
    origin = getattr(getattr(module, "__spec__", None), "origin", None) or ""
    if not origin.endswith(".py"):
        continue
    if origin.startswith(SITE):
        source, shown = origin, origin.replace(SITE, sysconfig.get_path("purelib") + "/")
    else:
        source, shown = origin.replace(library, "/unpacked/stdlib/"), origin
    py_compile.compile(
        source,
        source + "c",
        shown,  # what a traceback says
        doraise=True,
        # Its source never changes in the browser, and may not be there.
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
