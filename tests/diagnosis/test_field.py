"""Pastes from the field, each with what is true of it: a new one is a file in ``field/``.

A file begins with the truth, in TOML; behind a line ``---`` stands the paste. The truth may say:

- ``signature``: right, wrong, unchecked or absent; ``unread`` where nothing may be judged;
- ``causes``: the causes that are proved, all of them; left out where none is known yet;
- ``role``: request (the default), answer or notification;
- ``params``: the parameters, as the gateway reads them;
- ``answer``: fields of the answer;
- ``findings``: ids of findings that must be there; ``never``: that must not;
- ``ok``: whether nothing is wrong;
- ``mchid``: the account's, where it is known; ``encoding``: in which the file was saved, UTF-8
  if left out.
"""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from qftools import explain
from qftools.diagnosis.reading.gate import UnreadError

KEY = "5E5B3A0C9D7F4E21A8B6C4D2E0F19375"  # of all pastes
FIELD = sorted((Path(__file__).parent / "field").glob("*.txt"))
SAYS_NOTHING_OF_THE_ORDER = ("sign", "signature")


def truth_and_paste(path):
    head, _, paste = path.read_bytes().decode().partition("\n---\n")
    truth = tomllib.loads(head)
    return truth, paste.encode(truth.get("encoding", "utf-8"))


@pytest.mark.parametrize("path", FIELD, ids=lambda path: path.stem)
def test_what_is_said_of_a_paste_from_the_field_is_true(path):
    truth, paste = truth_and_paste(path)
    if truth["signature"] == "unread":
        with pytest.raises(UnreadError):
            explain(paste, key=KEY)
        return

    diagnosis = explain(paste, key=KEY, mchid=truth.get("mchid"))

    ids = {finding.id for finding in diagnosis.findings}
    assert (diagnosis.kind, diagnosis.signature) == (
        truth.get("role", "request"),
        truth["signature"],
    )
    if "causes" in truth:
        assert [f.id for f in diagnosis.findings if f.proof == "reproduced"] == truth["causes"]
    assert set(truth.get("findings", ())) <= ids
    assert not ids & set(truth.get("never", ()))
    assert diagnosis.ok == truth.get("ok", diagnosis.ok)
    if "params" in truth:
        read = {n: v for n, v in diagnosis.params if n not in SAYS_NOTHING_OF_THE_ORDER}
        assert read == truth["params"]
    if "answer" in truth:
        assert diagnosis.response is not None
        assert truth["answer"].items() <= json.loads(diagnosis.response.body).items()
