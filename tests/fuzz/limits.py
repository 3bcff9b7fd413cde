"""What one input may cost, measured at the process that reads it."""

from __future__ import annotations

from pathlib import Path

import psutil

SECONDS = 2.0  # of the processor, so that a busy machine changes nothing
BYTES = 200 * 2**20


class Meter:
    """Measures what a process uses from one input to the next.

    Args:
        pid: The process; None is this one.
    """

    def __init__(self, pid: int | None = None) -> None:
        self._process = psutil.Process(pid)
        self._peaks = Path(f"/proc/{self._process.pid}")
        self.start()

    def start(self) -> None:
        """Begin to count."""
        if self._peaks.is_dir():
            (self._peaks / "clear_refs").write_text("5")  # the peak of memory begins anew
        self._time = self._used_time()
        self._memory = self._process.memory_info().rss

    def over(self) -> str:
        """What is beyond the limits since `start`; empty where nothing is."""
        seconds, grown = self._used_time() - self._time, self.grown()
        if seconds > SECONDS:
            return f"{seconds:.1f} s of the processor"
        return f"{grown // 2**20} MB of memory" if grown > BYTES else ""

    def grown(self) -> int:
        """How many bytes of memory more than at `start` the process had at its peak since."""
        return self._peak() - self._memory

    def _used_time(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def _peak(self) -> int:
        if self._peaks.is_dir():
            for line in (self._peaks / "status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return int(self._process.memory_info().rss)
