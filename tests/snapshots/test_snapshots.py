"""What the dashboard looks like, at four sizes: pictures of real states, beside the last ones looked at.

`pytest tests/snapshots --snapshot-update` takes them anew; look at them before they are kept.
"""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.still import Still, rehearsed
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Model
from tui.dashboard.widgets.deck import Deck
from tui.run.commands import Command, Pause, Retry, SetMode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from textual.pilot import Pilot

    from tui.insight.expectation import Expectation

SIZES = {"60x20": (60, 20), "80x24": (80, 24), "120x40": (120, 40), "200x60": (200, 60)}
LATE = 200.0  # all has ended


class Case(NamedTuple):
    """A state, what is pressed in it, and a word that is on the screen once that has been done."""

    at: float
    keys: tuple[str, ...] = ()
    shows: str = ""
    fail: tuple[str, ...] = ()
    commands: tuple[tuple[float, Command], ...] = ()
    theme: str = "textual-dark"


EVERYWHERE = {
    "running": Case(38.0),
    "finished": Case(LATE),
}
"""What is laid out differently in every size."""

SMALL_AND_LARGE = {
    "log": Case(LATE, keys=("end", *["up"] * 5, "enter", "slash", *"ready", "enter"), shows="match"),
    "why": Case(LATE, keys=("d",), shows="decide"),
}
"""What is looked at where there is least room, and where there is enough."""

CASES = {
    "two-failures": Case(45.0, fail=("postgresql-redis", "data-storage-image")),
    "lunch": Case(1860.0, fail=("postgresql-redis",), commands=((1845.0, Retry("postgresql-redis")),)),
    "switched": Case(38.0, commands=((20.0, Pause()), (30.0, SetMode("eager")))),
    "modes": Case(38.0, keys=("m",)),
    "question": Case(38.0, keys=("c",)),
    "help": Case(38.0, keys=("question_mark",)),
    "light": Case(38.0, theme="textual-light"),
    "few-colours": Case(38.0, fail=("data-storage-image",), theme="ansi-dark"),
}
SHOTS = [
    *((case, size, f"{name}-{width}") for name, case in EVERYWHERE.items() for width, size in SIZES.items()),
    *(
        (case, SIZES[size], f"{name}-{size}")
        for name, case in SMALL_AND_LARGE.items()
        for size in ("60x20", "120x40")
    ),
    *((case, SIZES["120x40"], name) for name, case in CASES.items()),
]


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Still]:
    """The run of a case, rehearsed once for all sizes."""

    @cache
    def kept(case: Case) -> tuple[Path, Expectation]:
        fail = dict.fromkeys(case.fail, 1)
        folder = tmp_path_factory.mktemp("run")
        return rehearsed(folder, case.at, *case.commands, fail=fail)

    def made(case: Case) -> Still:
        folder, expectation = kept(case)
        return Still(folder, case.at, expectation)

    return made


def shows(case: Case, size: tuple[int, int]) -> set[str]:
    """Return words that are on a case's screen once all of it is: what a thread answers comes last."""
    shown = {case.shows} if case.shows else set()
    if not case.keys and case.at == LATE:
        shown.add("fast")  # what was gained
    if not case.keys and size == SIZES["200x60"]:
        shown.add("without")  # the end of the why column
    return shown


@pytest.mark.parametrize(("case", "size"), [shot[:2] for shot in SHOTS], ids=[shot[2] for shot in SHOTS])
def test_state(snap_compare: Any, still: Callable[[Case], Still], case: Case, size: tuple[int, int]) -> None:
    control = still(case)
    app = Dashboard(control, Model(control))

    async def prepare(pilot: Pilot[None]) -> None:
        app.theme = case.theme
        await pilot.pause()
        while not app.get_default_screen().query_one(Deck).is_settled:
            await pilot.pause(0.02)
        for key in case.keys:
            await pilot.press(key)
        await pilot.pause()
        await pilot.pause()
        for _ in range(400):
            if all(word in app.export_screenshot() for word in shows(case, size)):
                break
            await asyncio.sleep(0.05)
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=prepare)


def test_empty(snap_compare: Any, tmp_path: Path) -> None:
    folder, _ = rehearsed(tmp_path, 1.0)
    still = Still(folder, at=-1.0)
    assert snap_compare(Dashboard(still, Model(still)), terminal_size=SIZES["80x24"])
