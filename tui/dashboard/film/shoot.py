"""Makes a film of an app without a screen, on a clock of its own."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Protocol

from tui.dashboard.ansi import clean
from tui.dashboard.film.film import Film, Look, Mark, Picture
from tui.dashboard.widgets.key_line import KeyLine
from tui.errors import BringupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from rich.style import Style
    from textual.app import App

    from tui.dashboard.film.film import Row
    from tui.dashboard.playhead import Playhead
    from tui.run.state import RunState

_EVERY = 0.2  # seconds of the film between two pictures
_STILL = 4.0  # seconds for which the last picture stays
_USUAL = 15.0  # seconds that a film takes without it, by default
_SETTLES = 0.06  # seconds after which what is read on threads is on the screen
_BEGINS_WITHIN = 60.0  # seconds in which an app has read what it shows
_THEME = "textual-dark"


class Filmed(Protocol):
    """What is filmed."""

    @property
    def playhead(self) -> Playhead:
        """Its clock."""

    @property
    def is_ready(self) -> bool:
        """Whether it has read what it shows."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def runs(self) -> Sequence[tuple[str, RunState]]:
        """What the runs in it are called, and how they ended."""


class Reel:
    """The viewer's clock of a film, which stands still while a picture is taken."""

    now = 0.0

    def __call__(self) -> float:
        """Return the seconds since the film began."""
        return self.now


def usual_speed(end: float) -> float:
    """Return the speed at which a run of so many seconds makes a film that is pleasant to watch."""
    return max(float(math.ceil(end / _USUAL)), 1.0)


def shoot(
    app: App[Any], draw: Callable[[], None], filmed: Filmed, size: tuple[int, int], speed: float | None
) -> Film:
    """Return a film.

    Args:
        app: The app.
        draw: Has it show where the clock is.
        filmed: What it shows.
        size: Columns and rows.
        speed: The seconds of the run that pass in one of the film; None for what is pleasant to watch.

    Raises:
        BringupError: What it shows cannot be read.
    """
    app.theme = _THEME
    pictures, plain = asyncio.run(_shoot(app, draw, filmed, size, speed))
    head = filmed.playhead
    marks = [Mark(at / head.speed, text) for at, text in sorted(_marks(filmed.runs)) if at <= head.end]
    return Film(clean(filmed.title), size, plain, pictures, pictures[-1].at + _STILL, marks)


async def _shoot(
    app: App[Any], draw: Callable[[], None], filmed: Filmed, size: tuple[int, int], speed: float | None
) -> tuple[list[Picture], Look]:
    pictures: list[Picture] = []
    reel, head = Reel(), filmed.playhead
    async with app.run_test(size=size) as pilot:
        for _ in range(int(_BEGINS_WITHIN / _SETTLES)):
            if filmed.is_ready:
                break
            await pilot.pause(_SETTLES)
        else:
            raise BringupError("the run cannot be read", "name another run")
        head.clock = reel
        head.set(at=0.0, speed=speed or usual_speed(head.end), playing=True)
        for number in range(math.ceil(head.end / head.speed / _EVERY) + 1):
            reel.now = number * _EVERY
            draw()
            for keys in app.screen.query(KeyLine):
                keys.display = False
            await pilot.pause(_SETTLES)
            strips = app.screen._compositor.render_strips(app.size)
            rows = tuple(_row((text, style) for text, style, _ in strip) for strip in strips)
            if not pictures or rows != pictures[-1].rows:
                pictures.append(Picture(number * _EVERY, rows))
        return pictures, _look(app.screen.rich_style)


def _row(segments: Iterable[tuple[str, Style | None]]) -> Row:
    """Return a row, with texts together that look the same."""
    found: list[tuple[str, Look]] = []
    for text, style in segments:
        look = _look(style)
        if found and found[-1][1] == look:
            found[-1] = (found[-1][0] + text, look)
        else:
            found.append((text, look))
    return tuple(found)


def _look(style: Style | None) -> Look:
    color, behind = "#e0e0e0", "#121212"
    if style is None:
        return Look(color, behind, False)
    if style.color is not None and not style.color.is_default:
        color = style.color.get_truecolor().hex
    if style.bgcolor is not None and not style.bgcolor.is_default:
        behind = style.bgcolor.get_truecolor().hex
    if style.reverse:
        color, behind = behind, color
    return Look(color, behind, bool(style.bold))


def _marks(runs: Sequence[tuple[str, RunState]]) -> Iterable[tuple[float, str]]:
    """Yield when the phases of runs began, and when something failed in them."""
    for name, state in runs:
        before = f"{name}: " if len(runs) > 1 else ""
        for number, phase in enumerate(state.started.phases if state.started else ()):
            tasks = [state.tasks[task.id] for task in phase.tasks]
            begins = [attempt.started for task in tasks for attempt in task.attempts]
            if begins:
                yield min(begins), clean(f"{before}{number + 1} {phase.title}")
            for task in tasks:
                for attempt in task.attempts:
                    if attempt.outcome == "failed" and attempt.finished is not None:
                        yield attempt.finished, clean(f"{before}✗ {task.title} failed")
