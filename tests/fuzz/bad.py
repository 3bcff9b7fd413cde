"""A reader that takes its inputs as none may: what looks for that must find it."""

from __future__ import annotations

import itertools
import os
import signal
from typing import Self

from tests.fuzz import inputs
from tests.fuzz.kinds import Fault, TakesAll
from tests.fuzz.limits import Meter

FIRST_BAD = next(
    seed for seed in itertools.count() if inputs.KEY.encode() in inputs.made("pastes", seed + 5)
)


class Bad(TakesAll):
    """Takes the second to seventh input as no reader should."""

    def __enter__(self) -> Self:
        self.meter = Meter()
        return self

    def __exit__(self, *exc: object) -> None:
        pass

    def play(self, data: bytes, seed: int) -> str:
        """What was planted for *seed*."""
        seed -= FIRST_BAD
        if seed == 1:
            raise ValueError("planted")
        if seed == 2:
            raise Fault("planted")
        if seed == 3:
            while not self.meter.over():
                pass
        if seed == 4:
            bytearray(300 * 2**20)
        if seed == 5:
            return inputs.KEY.lower()
        if seed == 6:
            os.kill(os.getpid(), signal.SIGKILL)
        return ""
