"""Secrets are planted in every field, header, address and log, and every output is searched."""

from __future__ import annotations

import pytest
from ipywidgets import Password

from tests.taint import KEY, OUTPUTS, PASTES, PLANTS, SECRETS, World, found_in, saved


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("taint"))
    yield made
    made.close()


@pytest.mark.parametrize("output", OUTPUTS)
def test_no_secret_is_in(output, world):
    texts = list(OUTPUTS[output](world))

    assert all(texts) and len(texts) > 1
    leaks = {tuple(found): text[:3_000] for text in texts if (found := found_in(text))}
    assert not leaks


def test_every_secret_is_planted_and_would_be_found():
    planted = "".join([plant()[1].decode() for plant in PLANTS.values()])
    pasted = "".join(PASTES.values())

    assert set(found_in(planted)) >= {"client key", "ID number", "name", "URL password"}
    assert found_in(pasted) == list(SECRETS)


def test_an_ordinary_field_gives_away_what_was_typed_into_it():
    field = Password()
    field.set_state({"value": KEY})

    assert "client key" in found_in("".join(saved()))
    field.close()
