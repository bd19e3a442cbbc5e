"""Makes the pictures of a kept run: `python -m tests.screenshots RUN [FOLDER]`.

RUN is a run's folder or id, best one in which a task failed, was retried, and the mode was changed. Its
events are played to the dashboard up to the moments that its journal shows; FOLDER (`screenshots`) gets an
SVG each, and one of the report. `python -m tests.screenshots --capture FILE.svg` makes one of a screen that
`tmux capture-pane -e -p` prints, read from standard input.
"""

from __future__ import annotations

import asyncio
import copy
import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rich.color_triplet import ColorTriplet
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

from tests.still import Still
from tui.console.report import report
from tui.console.style import Style
from tui.dashboard.app import Dashboard
from tui.dashboard.frame import Model
from tui.insight.expectation import Expectation
from tui.rehearsal.recording import BUNDLED
from tui.run import events as e
from tui.run.journal import read_events, read_state
from tui.run.standing import Stands
from tui.run.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 100  # of the report
_THEME = copy.copy(DIMMED_MONOKAI)
_THEME.background_color = ColorTriplet(18, 18, 18)  # as the dashboard's


class Shot(NamedTuple):
    """A picture of the dashboard.

    Attributes:
        name: Its file's.
        at: The moment, in seconds since the run began.
        size: Columns and rows.
        keys: What is pressed before.
    """

    name: str
    at: float
    size: tuple[int, int] = (120, 40)
    keys: tuple[str, ...] = ()


def shots(events: Sequence[e.Event]) -> list[Shot]:
    """The pictures that a run is good for."""
    first: dict[type, float] = {}
    failed = [ev.at for ev in events if isinstance(ev, e.TaskFinished) and ev.outcome == "failed"]
    for event in events:
        first.setdefault(type(event), event.at)
    end = max(event.at for event in events if isinstance(event, e.TaskFinished))
    live = 0.6 * end
    wanted = [
        Shot("dashboard", live),
        Shot("narrow", live, (80, 24)),
        Shot("log", end + 1, keys=("enter", "slash", *"ready", "enter")),
        Shot("why", end + 1, keys=("down", "down", "d")),
        Shot("finished", end + 1, keys=("down",)),
        Shot("wide", end + 1, (200, 60)),
    ]
    wanted += [Shot("failed", failed[0] + 1)] if failed else []
    wanted += [Shot("modes", first[e.ModeChanged] - 0.5, keys=("m",))] if e.ModeChanged in first else []
    wanted += [Shot("retried", first[e.TaskReset] + 3)] if e.TaskReset in first else []
    return wanted


async def draw(folder: Path, shot: Shot, expectation: Expectation) -> str:
    """An SVG of the dashboard at a moment of a run."""
    control = Still(folder, shot.at, expectation)
    app = Dashboard(control, Model(control))
    async with app.run_test(size=shot.size) as pilot:
        await pilot.pause(0.3)
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause(0.1)
        await pilot.pause(0.5)
        return plain(app.export_screenshot(title="bringup"))


def report_picture(folder: Path) -> str:
    """An SVG of the report that a run ended with."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in report(read_state(folder), Stands(), Style(colour=True), WIDTH - 2):
        console.print(Text.from_ansi(line), overflow="crop", no_wrap=True)
    return plain(console.export_svg(title="bringup up"))


def capture_picture(screen: str) -> str:
    """An SVG of a terminal's screen, from its text with colours."""
    lines = [Text.from_ansi(line) for line in screen.removesuffix("\n").split("\n")]
    width = max((line.cell_len for line in lines), default=1)
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for line in lines:
        console.print(line, overflow="crop", no_wrap=True)
    return plain(console.export_svg(title="tmux", theme=_THEME))


PARTS = (r"about .* left", "critical", "▆", "░", "needs ", "failed after", "Retry")
"""What the annotated picture has a number at, in the order of the numbers."""


def annotated(svg: str) -> str:
    """Return a picture of the dashboard with a number behind the first text of each of its `PARTS`."""
    texts = re.findall(r'<text[^>]* x="([0-9.]+)" y="([0-9.]+)" textLength="([0-9.]+)"[^>]*>([^<]*)<', svg)
    badges = []
    for number, part in enumerate(PARTS, 1):
        x, y, length = next(
            (float(x), float(y), float(length))
            for x, y, length, text in texts
            if re.search(part, text.replace("&#160;", " "))
        )
        badges.append(
            f'<circle cx="{x + length:.0f}" cy="{y - 6:.0f}" r="13" fill="#f2e7a1" stroke="#121212"/>'
            f'<text x="{x + length:.0f}" y="{y:.0f}" fill="#121212" text-anchor="middle" '
            f'style="font: bold 18px sans-serif">{number}</text>'
        )
    return svg.replace("</svg>", f'<g transform="translate(9, 41)">{"".join(badges)}</g></svg>')


def plain(svg: str) -> str:
    """A picture that fetches nothing: readers see it in their own monospace font."""
    return re.sub(r"\s*@font-face \{.*?\}|<!--.*?-->", "", svg, flags=re.DOTALL)


def main(arguments: Sequence[str]) -> None:
    """Makes what the command line asks for."""
    os.environ["COLORTERM"] = "truecolor"  # whatever this terminal has
    os.environ["XDG_CONFIG_HOME"] = os.devnull  # whatever theme this user has chosen
    if arguments[0] == "--capture":
        Path(arguments[1]).write_text(capture_picture(sys.stdin.read()), encoding="utf-8")
        return
    folder = Store().open(arguments[0]).directory
    target = Path(arguments[1] if len(arguments) > 1 else "screenshots")
    expectation = Expectation.of([read_state(BUNDLED / "workflowexecution")]).named("a recording")
    (target / "report.svg").write_text(report_picture(folder), encoding="utf-8")
    for shot in shots(list(read_events(folder))):
        picture = asyncio.run(draw(folder, shot, expectation))
        (target / f"{shot.name}.svg").write_text(picture, encoding="utf-8")
        if shot.name == "failed":
            (target / "annotated.svg").write_text(annotated(picture), encoding="utf-8")
        print(target / f"{shot.name}.svg", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
