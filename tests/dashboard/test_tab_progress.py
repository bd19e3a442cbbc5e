"""What a terminal's tab is told: only where it shows it, and nothing once the dashboard is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.dashboard.driving import END, Live, driving
from tui.dashboard.frame import Frame
from tui.dashboard.tab_progress import SETTING, TabProgress, is_shown
from tui.insight.expectation import Expectation

if TYPE_CHECKING:
    from pathlib import Path

SECONDS = Expectation(
    {"cluster": 10.0, "image": 20.0, "database": 30.0, "tekton": 60.0, "deploy": 15.0}, {}, "a run"
)


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"WT_SESSION": "7d1b"}, True),
        ({"WT_SESSION": "7d1b", "TMUX": "/tmp/tmux"}, False),
        ({"ConEmuANSI": "ON"}, True),
        ({"ConEmuANSI": "OFF"}, False),
        ({"TERM_PROGRAM": "ghostty"}, True),
        ({"TERM": "xterm-ghostty"}, True),
        ({"TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20240203-110809-5046fc22"}, False),
        ({"TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20260117-154428-05343b38"}, True),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_FEATURES": "T3LrMSc7UUw9Ts3BFGsSyHNoSx"}, False),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_FEATURES": "T3LrMSc7UUw9Ts3BFGsSyHNoSxP"}, True),
        ({"TERM_PROGRAM": "iTerm.app"}, False),
        ({"TERM_PROGRAM": "Apple_Terminal"}, False),
        ({"VTE_VERSION": "7600"}, False),
        ({"VTE_VERSION": "8203"}, True),
        ({"VTE_VERSION": "new"}, False),
        ({"TERM": "linux", "ConEmuANSI": "ON"}, False),
        ({"TERM": "screen-256color", "VTE_VERSION": "8203"}, False),
        ({SETTING: "1", "TERM": "tmux-256color"}, True),
        ({SETTING: "0", "WT_SESSION": "7d1b"}, False),
        ({SETTING: "", "WT_SESSION": "7d1b"}, True),
    ],
)
def test_only_terminals_that_show_it_are_told(environment: dict[str, str], shown: bool) -> None:
    assert is_shown(environment) is shown


async def test_it_is_told_how_the_run_goes(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, fails={"database": [1]}, expectation=SECONDS)) as hands:

        def told() -> TabProgress:
            return TabProgress.of(hands.app.frame)

        await hands.advance(1)
        first = told()
        assert first.state == "normal"
        await hands.advance(20)
        assert first.percent < told().percent < 100
        assert told().sequence == f"\x1b]9;4;1;{told().percent}\x1b\\"
        await hands.press("p")
        await hands.advance(1)
        assert told().state == "paused"
        await hands.press("p")
        await hands.advance(35)
        assert told().state == "error"
        await hands.advance(END)
        assert told() == ("error", 100)


async def test_a_run_that_is_up_has_no_progress_any_more(tmp_path: Path) -> None:
    assert TabProgress.of(Frame.preview("x", ())).state == "indeterminate"
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        assert TabProgress.of(hands.app.frame).state == "indeterminate"  # nobody knows how long it takes
        await hands.advance(END)
        assert TabProgress.of(hands.app.frame) == ("none", 0)
