"""Lessons and panels: a press in a real kernel, a notebook under nbval."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qftools.catalogue import Text
from tests.bench.rows import Goal, Measured, Row
from tests.bench.running import Run
from tests.bench.timing import ROOT, compared, whole_process

_PANEL = """
from qftools import use_language
from qftools.panels import CancelFlow
use_language("en")  # as every lesson does
flow = CancelFlow()
print(flow.next_button.model_id, flow.again_button.model_id)
"""
_STEPS = 4  # presses from the payment to the verdict


class _Kernel:
    """A kernel, as a notebook speaks to it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def run(self, code: str) -> str:
        """Execute code and return what it printed, once the kernel is idle again."""
        return self._idle_after(self._client.execute(code))

    def press(self, model: str) -> None:
        """Press a button and wait until all that it changes has been sent."""
        data = {"method": "custom", "content": {"event": "click"}}
        message = self._client.session.msg("comm_msg", {"comm_id": model, "data": data})
        self._client.shell_channel.send(message)
        self._idle_after(message["header"]["msg_id"])

    def _idle_after(self, sent: str) -> str:
        printed = ""
        while True:
            message = self._client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != sent:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
            elif message["msg_type"] == "error":
                raise ValueError(f"{content['ename']}: {content['evalue']}")
            elif content.get("execution_state") == "idle":
                return printed


@contextmanager
def _kernel() -> Iterator[_Kernel]:
    from jupyter_client.manager import KernelManager

    manager = KernelManager()
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    assert manager.kernel_spec is not None
    manager.kernel_spec.argv = command
    manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=60)
        yield _Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _press(run: Run) -> Measured:
    """Whole orders: a press alone is so short that it is the scheduler's luck that is measured."""
    presses, round_trips = [], []
    with _kernel() as kernel:
        next_step, again = kernel.run(_PANEL).split()
        for place in range(run.rounds(40, 10) + 1):
            kernel.press(again)
            taken = [_press_and_round_trip(kernel, next_step) for _ in range(_STEPS)]
            if place:  # the first order loads what every later one has
                presses.append(sum(press for press, _other in taken) / _STEPS)
                round_trips.append(sum(other for _press, other in taken) / _STEPS)
    return compared(presses, round_trips, 1e3, "ms")


def _press_and_round_trip(kernel: _Kernel, model: str) -> tuple[float, float]:
    return _timed(lambda: kernel.press(model)), _timed(lambda: kernel.run("None"))


def _timed(act: Any) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


_EMPTY = """
import sys, nbformat, nbclient
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("None")])
for _ in range(int(sys.argv[1])):
    nbclient.NotebookClient(notebook, kernel_name="python3").execute()
"""


def _further(run: Run) -> Measured:
    """What one more notebook adds: so many under one pytest, less one, against the same empty."""
    notebooks = sorted((ROOT / "notebooks" / "en").glob("0*.ipynb"))
    more = len(notebooks) - 1
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "empty.py")
        file.write_text(_EMPTY, "utf-8")
        for _ in range(run.rounds(3, 1)):
            many = whole_process([*pytest, *map(str, notebooks)]).processor
            one = whole_process([*pytest, str(notebooks[0])]).processor
            ours.append((many - one) / more)
            many = whole_process([sys.executable, str(file), str(more + 1)]).processor
            one = whole_process([sys.executable, str(file), "1"]).processor
            theirs.append((many - one) / more)
    return compared(ours, theirs, 1e3, "ms")


ROWS = (
    Row(
        "panel-press",
        Text("撤销面板：按“下一步”到画面更新", "cancel panel: from the press to the new arrow"),
        Text("在内核里执行一格空代码", "an empty cell, run in the kernel"),
        Goal("<=", 1.5),
        Text(
            "下限：浏览器到内核再回来，少不了这一趟",
            "the floor: to the kernel and back is what no panel can avoid",
        ),
        _press,
        note=Text(
            "按内核的处理器时间，一格空代码用 3.5 ms。按一下：来回一趟 1.5 ms，客户端和沙盒上的"
            "这一步 0.9 ms，每笔订单的二维码摊下来 1.2 ms，给页面的消息 0.6 ms。"
            "其余还没画，已是一格空代码的 1.2 倍",
            "by the kernel's processor time an empty cell takes 3.5 ms. A press takes 1.5 ms to "
            "get there and back, 0.9 for the step on client and sandbox, 1.2 for its share of the "
            "order's QR code and 0.6 for messages to the page: 1.2 of an empty cell before "
            "anything else is drawn",
        ),
    ),
    Row(
        "notebook-further",
        Text("nbval 下每多一本课程", "each further lesson under nbval"),
        Text("nbclient 跑一本空的", "an empty notebook run by nbclient"),
        Goal("<=", 1.3),
        Text("下限：起一个内核、跑一格", "the floor: a kernel is started and runs one cell"),
        _further,
        quick=False,
        note=Text(
            "课程 02 到 09 的平均。下限：内核启动后只导入 requests、ipywidgets 和 qftools，"
            "已是空笔记本的 1.4 倍；nbval 读消息再占 0.2 倍",
            "the mean of lessons 02 to 09. The floor: a kernel that has imported requests, "
            "ipywidgets and qftools and runs no cell is 1.4 of an empty notebook; nbval's own "
            "reading of messages is another 0.2",
        ),
    ),
)
