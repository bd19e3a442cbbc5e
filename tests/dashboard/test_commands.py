"""The keys that control a run, over a real engine; `test_questions` has those that ask something first."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from textual.events import Key

from tests.dashboard.driving import END, STOPPING, Live, driving, nothing_is_asked, page, rows, stubborn
from tui.dashboard.logview.screen import LogScreen
from tui.dashboard.screens.modes import MODES, ModeChoice
from tui.insight.expectation import Expectation
from tui.run import events as e

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import Step


# Retrying.


async def test_r_retries_what_failed_and_what_that_held_up(tmp_path: Path) -> None:
    live = Live(tmp_path, fails={"image": [1]})
    async with driving(live) as hands:
        await hands.advance(25)
        assert "✗ image" in hands.row("image")
        assert "needs image, which failed" in hands.row("deploy")
        assert hands.timeline.cursor == "image"
        await hands.press("r")
        assert [event.task for event in hands.told(e.TaskReset)] == ["image", "deploy"]
        assert "attempt 2" in hands.row("image")
        assert "waits for image and database" in hands.row("deploy")
        await hands.advance(END)
        assert set(hands.statuses().values()) == {"succeeded"}
        assert hands.attempts() == {"cluster": 1, "image": 2, "database": 1, "tekton": 1, "deploy": 1}
        assert "✓ up in 1:35" in rows(hands.app)[0]  # when tekton had ended, at 80, deploy took 15


async def test_however_often_a_task_was_tried_its_row_stays_in_line(tmp_path: Path) -> None:
    live = Live(tmp_path, phases=[{"image": []}], fails={"image": range(1, 13)})
    async with driving(live) as hands:
        ends = set()
        for _ in range(12):
            await hands.advance(5)
            time = re.search(r"\d:\d\d  ", hands.row("image"))
            assert time
            ends.add(time.end())
            await hands.advance(15)
            await hands.press("r")
        assert "◆ attempt 13 " in hands.row("image")
        assert len(ends) == 1


async def test_capital_r_retries_all_that_failed(tmp_path: Path) -> None:
    live = Live(tmp_path, fails={"image": [1], "database": [1]})
    async with driving(live) as hands:
        await hands.advance(END)
        assert "✗ 2 tasks failed" in rows(hands.app)[0]
        assert "R retry all" in page(hands.app)
        await hands.press("R")
        assert [hands.statuses()[task] for task in ("image", "database")] == ["running", "waiting"]
        await hands.advance(END)
        assert set(hands.statuses().values()) == {"succeeded"}
        assert "R all that failed" not in page(hands.app)


# What cannot be done now is said.


REFUSED = [
    (5, "cluster", "r", "cluster runs; only what failed or was cancelled can be retried"),
    (5, "deploy", "r", "deploy waits; only what failed or was cancelled can be retried"),
    (5, "cluster", "R", "nothing has failed"),
    (5, "deploy", "f", "deploy waits; it has not begun"),
    (15, "cluster", "c", "cluster has finished already"),
    (30, "image", "c", "image has finished already"),
    (
        30,
        "deploy",
        "r",
        "deploy was skipped, as it needs image; only what failed or was cancelled can be retried",
    ),
]


async def test_what_a_key_cannot_do_it_says_with_the_reason(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, fails={"image": [1]})) as hands:
        for at, task, key, reason in REFUSED:
            await hands.advance(at - hands.now)
            await hands.move_to(task)
            before = list(hands.live.events)
            await hands.press(key)
            assert nothing_is_asked(hands)
            assert hands.said[-1:] == [reason]
            assert reason in hands.toasts
            assert hands.live.events == before
            hands.app.clear_notifications()


async def test_while_a_task_is_stopped_it_is_not_stopped_again(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, script=stubborn)) as hands:
        await hands.advance(5)
        await hands.move_to("cluster")
        await hands.press("c", "y")
        assert "is being stopped" in page(hands.app)
        await hands.press("c")
        assert hands.said == ["cluster is being stopped already"]
        await hands.advance(STOPPING)
        assert hands.statuses()["cluster"] == "cancelled"


async def test_while_everything_is_stopped_nothing_else_can_be_done(tmp_path: Path) -> None:
    async with driving(Live(tmp_path, script=stubborn)) as hands:
        await hands.advance(5)
        await hands.press("X", "y")
        assert "STOPPING" in rows(hands.app)[0]
        before = list(hands.live.events)
        for keys in (["r"], ["R"], ["f"], ["c"], ["X"], ["p"], ["m", "2"]):
            await hands.press(*keys)
            assert hands.said == ["everything is being stopped"], keys
            hands.app.clear_notifications()
        assert hands.live.events == before
        await hands.advance(STOPPING)
        assert "STOPPING" not in rows(hands.app)[0]
        assert "cancelled after" in rows(hands.app)[0]


class Unopened(Live):
    """A run that does not begin."""

    def begin(self) -> None:
        pass


async def test_before_the_run_has_begun_every_key_says_so(tmp_path: Path) -> None:
    async with driving(Unopened(tmp_path)) as hands:
        assert "opening …" in rows(hands.app)[0]
        assert "deploy" in page(hands.app)  # the plan is shown already
        for key in ("r", "R", "f", "c", "X", "m", "p", "l"):
            await hands.press(key)
            assert hands.said == ["the run has not begun"], key
            hands.app.clear_notifications()
        for key in ("enter", "slash"):
            await hands.press(key)
            assert hands.said == ["nothing has been said yet"], key
            hands.app.clear_notifications()
        await hands.press("d")
        assert "the run has not begun" in page(hands.app)
        await hands.press("escape", "q")
        assert hands.app.return_value == "over"
        assert hands.live.interrupts


# Mode and pause.


CHOICES = [
    (["escape"], "parallel"),
    (["m"], "parallel"),
    (["q"], "parallel"),
    (["2"], "eager"),
    (["down", "enter"], "sequential"),
    (["1"], "parallel"),
    (["down", "down", "enter"], "sequential"),
    (["up", "enter"], "eager"),
    (["3"], "sequential"),
]


async def test_m_switches_the_mode(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(12)
        modes = ["parallel"]
        for keys, mode in CHOICES:
            await hands.press("m")
            assert isinstance(hands.app.screen, ModeChoice)
            assert [line for line in rows(hands.app) if f" {modes[-1]:<11} ←" in line]
            await hands.press(*keys)
            assert nothing_is_asked(hands)
            modes += [mode] if mode != modes[-1] else []
            assert [each for _, each in hands.state.modes] == modes
            assert mode.upper() in rows(hands.app)[0]
            assert ("┬" in rows(hands.app)[1]) == (len(modes) > 1)
            # Its phase has not begun yet, but what it needs is there; nothing that runs is stopped.
            assert hands.statuses()["database"] == ("running" if "eager" in modes else "waiting")


async def test_the_mode_that_holds_is_not_switched_to(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.press("m", "1", "m", "enter")
        assert hands.said == ["the mode is parallel already"] * 2
        assert not hands.told(e.ModeChanged)


async def test_m_says_what_each_mode_would_still_take(tmp_path: Path) -> None:
    took = Expectation({"cluster": 10, "image": 20, "database": 30, "tekton": 60, "deploy": 15}, {}, "a run")
    async with driving(Live(tmp_path, expectation=took)) as hands:
        await hands.advance(12)
        await hands.press("m")
        # By phases tekton ends at 80 and deploy at 95; eager, tekton begins now, and deploy ends before it.
        left = [line for line in rows(hands.app) if " left  " in line]
        found = {mode: line for mode in MODES for line in left if f" {mode} " in line}
        assert "1:23 left" in found["parallel"]
        assert "1:00 left" in found["eager"]
        assert "1:53 left" in found["sequential"]
        assert "the whole run: parallel 1:35 · eager 1:10 · sequential 2:15 (by a run)" in page(hands.app)


async def test_a_mode_is_chosen_with_the_mouse(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.press("m")
        await hands.click("#modes", at=(4, 1))
        assert hands.state.mode == "eager"


async def test_p_lets_nothing_start_until_it_is_pressed_again(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.press("p")
        assert "PAUSED" in rows(hands.app)[0]
        await hands.advance(45)
        assert hands.statuses() == {
            "cluster": "succeeded", "image": "succeeded",
            "database": "waiting", "tekton": "waiting", "deploy": "waiting",
        }  # fmt: skip
        assert "paused" in hands.row("database")
        await hands.press("p")
        assert "PAUSED" not in rows(hands.app)[0]
        assert hands.statuses()["database"] == "running"
        assert hands.state.pauses == [(5.0, 50.0)]


# What a run says by itself.


async def test_warnings_are_told_once(tmp_path: Path) -> None:
    async def warns(_: Step, context: Context) -> Any:
        context.warn(f"{context.task} is [slow]")
        await asyncio.sleep(5)

    async with driving(Live(tmp_path, phases=[{"one": []}, {"two": []}], script=warns)) as hands:
        assert hands.said == ["one is [slow]"]
        assert "one is [slow]" in hands.toasts
        await hands.advance(5)
        assert hands.said == ["one is [slow]", "two is [slow]"]


async def test_the_command_palette_gives_commands_too(tmp_path: Path) -> None:
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        await hands.press("ctrl+p", *"pause")
        await hands.until("Start nothing more, or go on")
        await hands.press("enter")
        await hands.until("PAUSED")
        assert hands.state.pauses == [(5.0, None)]


async def test_what_is_typed_ahead_for_a_log_is_not_taken_for_commands(tmp_path: Path) -> None:
    """A slow line, or a paste, brings a search at once: its letters mean something else to the run."""
    async with driving(Live(tmp_path)) as hands:
        await hands.advance(5)
        for key in ("slash", *"pXlcm"):
            hands.app.post_message(Key(key, "/" if key == "slash" else key))
        await hands.until("/pXlcm")
        await hands.advance()
        assert isinstance(hands.app.screen, LogScreen)
        assert hands.app.return_value is None
        assert not hands.state.paused
        await hands.press("enter")
        await hands.until("no match")
        await hands.press("escape", "escape")
        assert nothing_is_asked(hands)
        await hands.press("p")  # from now on they are commands again
        assert hands.state.paused
