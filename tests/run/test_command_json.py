"""Commands go to another process and come back the same; what is none is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.run import commands as c
from tui.run.command_json import decode, encode

COMMANDS = st.one_of(
    *(st.builds(kind, st.text()) for kind in (c.Cancel, c.Restart, c.Retry, c.SetMode)),
    *(st.builds(kind) for kind in (c.CancelRun, c.Pause, c.Resume, c.RetryFailed)),
)


@given(COMMANDS)
def test_a_command_comes_back_the_same(command: c.Command) -> None:
    assert decode(json.loads(json.dumps(encode(command)))) == command


@pytest.mark.parametrize(
    "value",
    [
        *(encode(command) for command in (c.Kill(), c.Close(), c.Stay())),
        *({"kind": "Retry", "task": task} for task in (7, None, ["a"])),
        *({"kind": kind} for kind in ("Retry", "Command", None, ["Pause"])),
        *([], "Pause", None),
    ],
)
def test_what_is_no_command_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"not of type|no command|__init__"):
        decode(value)
