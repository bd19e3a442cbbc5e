"""The list of kept runs over a live one: looking at one, comparing two, and back."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from tests.dashboard.driving import END, Live, driving, page, rows, until
from tests.run.test_store import keep
from tui.dashboard.screens.compare import CompareScreen
from tui.dashboard.screens.run import RunScreen
from tui.dashboard.screens.runs import RunsScreen
from tui.dashboard.screens.why import WhyScreen
from tui.dashboard.widgets.key_line import KeyLine
from tui.run.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from tui.run.listing import Listing

NAMES = [f"2026010{day}T000000Z-0000" for day in (3, 2, 1)]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    store = Store(tmp_path / "state" / "bringup" / "runs")
    for name, seconds in zip(NAMES, ("9.0", "5.0", "5.0"), strict=True):
        path = keep(store, name, "succeeded")
        path.write_text(path.read_text().replace("5.0", seconds))
    keep(store, "20260104T000000Z-0000", "failed", plan="other")
    return store


async def test_a_kept_run_is_looked_at_and_left_for_the_live_one(store: Store, tmp_path: Path) -> None:
    async with driving(Live(tmp_path), size=(120, 30)) as hands:
        app, pilot = hands.app, hands.pilot
        await hands.advance(5.0)
        await pilot.press("h")
        await until(pilot, "3 runs of test", *NAMES)
        assert "other" not in page(app)
        await pilot.press("a")
        await until(pilot, "4 runs of all plans", "✗ failed")
        await pilot.press("a", "down", "enter")
        await until(pilot, f"this is run {NAMES[1]}: nothing of it can be changed", "✓ a")
        assert isinstance(app.screen, RunScreen)
        await pilot.press("r", "c")
        assert all(NAMES[1] in text for text in hands.said)
        assert len(hands.said) == 2
        await pilot.press("d")
        await until(pilot, "decide")
        assert isinstance(app.screen, WhyScreen)
        await hands.advance(20.0)  # the live run goes on meanwhile
        await pilot.press("q", "q")
        assert isinstance(app.screen, RunsScreen)
        await pilot.press("q")
        await until(pilot, "✓ image")
        assert app.screen is app.get_default_screen()
        await hands.advance(END)
        await until(pilot, "✓ up in")
        await pilot.press("q")
        await hands.ended()


async def test_two_marked_runs_are_compared(store: Store, tmp_path: Path) -> None:
    async with driving(Live(tmp_path), size=(120, 30)) as hands:
        pilot = hands.pilot
        await pilot.press("h")
        await until(pilot, "3 runs of test")
        await pilot.press("space", "space", "space")  # of three marks the first goes
        assert [row.split()[0] for row in rows(hands.app) if "●" in row] == ["●", "▌"]
        await pilot.press("home", "space", "enter")
        await until(pilot, "9.0s instead of 5.0s: 4.0s (80 %) slower", f"B  run {NAMES[2]}")
        assert isinstance(hands.app.screen, CompareScreen)
        await pilot.press("down", "end", "q")
        await pilot.press("home", "space", "end", "space", "home", "v")  # with no mark: the one before it
        await until(pilot, "9.0s instead of 5.0s", f"B  run {NAMES[1]}")
        await pilot.press("q", "end", "v")
        await until(pilot, "no run of plan 'test' before")


async def test_an_empty_store_and_a_damaged_one_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    async with driving(Live(tmp_path), size=(60, 20)) as hands:
        pilot = hands.pilot
        await pilot.press("h")
        await until(pilot, "0 runs of test", "no run of this plan is kept")
        await pilot.press("enter", "space", "v", "end", "pagedown", "up")
        foreign = tmp_path / "state" / "bringup" / "runs" / "notes"
        await asyncio.to_thread(foreign.mkdir, parents=True)
        await pilot.press("q", "h")
        await until(pilot, "1 skipped: no runs")


async def test_one_leaves_while_runs_are_looked_for(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked, gone, found = threading.Event(), threading.Event(), threading.Event()
    listing = Store.listing

    def listing_late(self: Store) -> Listing:
        looked.set()
        gone.wait(5)
        found.set()
        return listing(self)

    async def stay_behind(line: KeyLine) -> None:
        if isinstance(line.screen, RunsScreen):
            gone.set()  # the table has left the screen, the screen itself has not gone yet
            await asyncio.to_thread(found.wait, 5)
            await asyncio.sleep(0.1)

    async with driving(Live(tmp_path), size=(120, 30)) as hands:
        monkeypatch.setattr(Store, "listing", listing_late)
        monkeypatch.setattr(KeyLine, "on_unmount", stay_behind, raising=False)
        await hands.pilot.press("h")
        await asyncio.to_thread(looked.wait, 5)
        await hands.pilot.press("q")
        await until(hands.pilot, "cluster")
        await asyncio.to_thread(found.wait, 5)
    assert gone.is_set()


async def test_a_run_is_found_by_typing(store: Store, tmp_path: Path) -> None:
    async with driving(Live(tmp_path), size=(120, 30)) as hands:
        pilot = hands.pilot
        for name in NAMES[:2]:  # the second one over the first
            await pilot.press("ctrl+p")
            await until(pilot, "Search for commands")
            await pilot.press(*name[:8])
            await until(pilot, f"{name} test")
            await pilot.press("down", "enter")
            await until(pilot, f"this is run {name}")
        await pilot.press("q")
        await until(pilot, "cluster")
        assert hands.app.screen is hands.app.get_default_screen()
