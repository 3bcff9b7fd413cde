"""The four doors as one fixture, and a factory for sandboxes with switches turned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qftools.sandbox import Sandbox
from tests.sandbox.doors import Door, FileDoor, GatewayDoor, RequestsDoor

SHAPES = ("gateway", "in process", "over HTTP", "with data")
MakeDoor = Callable[..., Door]


@pytest.fixture(params=SHAPES)
def make_door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDoor]:
    """Make doors of one shape, by the sandbox's options."""
    opened: list[Door] = []

    def make(**options: Any) -> Door:
        if request.param == "with data":
            options["data"] = tmp_path / f"books{len(opened)}.sqlite3"
            door: Door = FileDoor(Sandbox(**options), options)
        elif request.param == "gateway":
            door = GatewayDoor(Sandbox(**options))
        else:
            door = RequestsDoor(Sandbox(**options), serve=request.param == "over HTTP")
        opened.append(door)
        return door

    yield make
    for door in opened:
        door.close()


@pytest.fixture
def door(make_door: MakeDoor) -> Door:
    """A door into a sandbox with every switch at its default."""
    return make_door()


@pytest.fixture
def make_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Make sandboxes and close them afterwards."""
    made: list[Sandbox] = []

    def make(**options: Any) -> Sandbox:
        made.append(Sandbox(**options))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()
