"""What keys ask before work of a run is undone, cancelled or left, and what each answer does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from textual.widgets import Button

from tests.dashboard.driving import END, Live, driving, nothing_is_asked, page, rows, stubborn
from tui.dashboard.screens.question import Question
from tui.run import events as e

if TYPE_CHECKING:
    from pathlib import Path

    from tests.dashboard.driving import Hands


def question(hands: Hands) -> str:
    """What is asked; it must be readable on the screen."""
    assert isinstance(hands.app.screen, Question)
    return page(hands.app)


# Starting again, cancelling.


async def test_f_names_what_runs_again_and_does_it_once_that_is_wanted(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(35)
        await hands.move_to("cluster")
        await hands.press("f")
        asked = question(hands)
        assert "Start again from cluster?" in asked
        assert "run 3 tasks again" in asked
        named = asked[asked.index("These run again") :]
        assert [mark in named for mark in ("✓ cluster", "◐ database", "◐ tekton")] == [True] * 3
        assert "deploy" not in named.partition("y    run")[0]  # it waits anyway
        await hands.press("escape")
        assert nothing_is_asked(hands)
        assert not hands.told(e.TaskReset)
        await hands.press("f", "y")
        assert {event.task for event in hands.told(e.TaskReset)} == {"cluster", "database", "tekton"}
        assert hands.statuses()["cluster"] == "running"
        assert hands.statuses()["image"] == "succeeded"
        await hands.advance(END)
        assert hands.attempts() == {"cluster": 2, "image": 1, "database": 2, "tekton": 2, "deploy": 1}


async def test_c_says_what_is_skipped_and_cancels_once_that_is_wanted(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.move_to("image")
        await hands.press("c")
        asked = question(hands)
        assert "Cancel image?" in asked
        assert "What needs it is skipped: deploy" in asked
        await hands.press("escape")
        assert hands.statuses()["image"] == "running"
        await hands.press("c", "enter")  # the focus is on the answer that loses nothing
        assert nothing_is_asked(hands)
        assert hands.statuses()["image"] == "running"
        await hands.press("c", "y")
        assert hands.statuses()["image"] == "cancelled"
        assert hands.statuses()["deploy"] == "skipped"
        assert "⊘ image" in hands.row("image")
        assert "needs image, which was cancelled" in hands.row("deploy")
        await hands.press("r")
        assert hands.statuses()["image"] == "running"


async def test_what_waits_can_be_cancelled_too(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.move_to("tekton")
        await hands.press("c", "y")
        assert hands.statuses()["tekton"] == "cancelled"
        assert "⊘ tekton" in hands.row("tekton")


@pytest.mark.parametrize("how", ["click", "arrows"])
async def test_a_question_is_answered_by_its_buttons_too(tmp_path: Path, how: str) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.move_to("image")
        await hands.press("c")
        if how == "click":
            await hands.click("#answer-")
            assert nothing_is_asked(hands)
            assert hands.statuses()["image"] == "running"
            await hands.press("c")
            await hands.click("#answer-y")
        else:
            await hands.press("left")
            assert hands.app.screen.query_one("#answer-y", Button).has_focus
            await hands.press("right", "left", "enter")
        assert nothing_is_asked(hands)
        assert hands.statuses()["image"] == "cancelled"


async def test_a_question_that_comes_too_late_does_nothing(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.move_to("cluster")
        await hands.press("c")
        await hands.advance(10)
        await hands.press("y")
        assert hands.said == ["cluster has finished already"]
        assert hands.statuses()["cluster"] == "succeeded"


async def test_capital_x_names_what_ends_and_ends_the_run(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(15)
        await hands.press("X")
        asked = question(hands)
        assert "Cancel the run?" in asked
        assert [mark in asked for mark in ("◐ image", "○ database", "○ tekton", "○ deploy")] == [True] * 4
        assert "✓ cluster" not in asked.partition("These are stopped")[2]
        await hands.press("escape")
        assert not hands.state.cancelling
        unanswered = hands.live.interrupts
        await hands.press("X", "y")
        await hands.ended()
        assert hands.state.outcome == "cancelled"
        assert (unanswered, hands.live.interrupts) == (False, True)
        assert hands.app.return_value == "over"


# Leaving.


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_leaving_a_run_that_goes_on_asks_what_becomes_of_it(tmp_path: Path, key: str) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.press(key)
        asked = question(hands)
        assert "Leave the dashboard?" in asked
        answers = ("l    go on as plain lines", "c    cancel the run", "esc  stay")
        assert [answer in asked for answer in answers] == [True] * 3
        await hands.press("escape")
        assert nothing_is_asked(hands)
        assert not hands.state.cancelling
        await hands.press(key, "l")
        assert hands.app.return_value == "lines"
        assert not hands.state.cancelling
        assert not hands.live.interrupts


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_leaving_may_cancel_the_run(tmp_path: Path, key: str) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.press(key, "c")
        await hands.ended()
        assert hands.app.return_value == "over"
        assert hands.state.outcome == "cancelled"
        assert hands.live.interrupts


@pytest.mark.parametrize("before", ["", "q", "slash"])
async def test_ctrl_c_twice_stops_the_run_whatever_is_on_the_screen(tmp_path: Path, before: str) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.press(*filter(None, [before]))
        if before != "q":  # which asks already
            await hands.press("ctrl+c")
            assert "Leave the dashboard?" in question(hands)
            assert not hands.state.cancelling
        await hands.press("ctrl+c")
        await hands.ended()
        assert hands.app.return_value == "over"
        assert (hands.state.outcome, hands.live.interrupts) == ("cancelled", True)


@pytest.mark.parametrize("size", [(120, 40), (40, 12)])
async def test_a_question_shows_all_its_answers(tmp_path: Path, size: tuple[int, int]) -> None:
    async with driving(Live(tmp_path), size) as hands:
        await hands.press("q")
        shown = [line for line in rows(hands.app) for key in ("l  ", "c  ", "esc ") if f" {key}" in line]
        assert len(shown) == 3


@pytest.mark.parametrize("keys", [["ctrl+c"], ["q", "c"]])
async def test_what_does_not_stop_is_killed_by_asking_again(tmp_path: Path, keys: list[str]) -> None:
    async with driving(Live(tmp_path, script=stubborn)) as hands:
        await hands.advance(5)
        await hands.press("q", "c")
        assert "STOPPING" in rows(hands.app)[0]
        assert hands.state.outcome is None
        if keys[0] == "q":
            await hands.press("q")
            assert "c    kill what is left" in question(hands)
            await hands.press("escape")
        await hands.press(*keys)
        await hands.advance(1)  # it is waited for, so much
        await hands.ended()
        assert [event.outcome for event in hands.told(e.RunFinished)] == ["cancelled"]
        assert [event.text for event in hands.told(e.Warned)] == ["was killed before it could tidy up"] * 2


async def test_when_all_has_ended_leaving_asks_nothing(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(END)
        assert "is up · 1:35" in page(hands.app)
        assert "1:35 instead of 2:15 one at a time: 1.4 times as fast" in page(hands.app)
        assert "1.4 times as fast as sequential" in page(hands.app).splitlines()[0]
        assert "q leave" in page(hands.app)
        assert not hands.live.over  # it stays, for a look at what was, and for f
        await hands.press("q")
        await hands.ended()
        assert hands.app.return_value == "over"
        assert hands.state.outcome == "succeeded"
        assert not hands.live.interrupts


async def test_l_goes_on_with_plain_lines(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.press("l")
        assert hands.app.return_value == "lines"
        assert hands.state.outcome is None
