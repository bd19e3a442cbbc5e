"""Colours: what is on the screen can be read, in every theme and with few colours."""

from __future__ import annotations

import math
import re
from itertools import combinations
from operator import mul
from typing import TYPE_CHECKING, Any

import pytest
from rich.style import Style
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from tests.dashboard.driving import END, Live, driving, strips
from tui.dashboard.colors import MARK_CONTRAST, TEXT_CONTRAST, contrast, readable_variables
from tui.dashboard.themes import THEMES as OWN_THEMES
from tui.dashboard.widgets.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path

MARKS = re.compile(r"[\s█▆▄▂▌▐░╌│┆⫽─━╭╮╰╯┌┐└┘┃━┏┓┗┛│▔✗⊘▼┬▊▎]*")
THEMES = {theme.name: theme for theme in (*BUILTIN_THEMES.values(), *OWN_THEMES) if not theme.ansi}
SCROLLBAR = set(" ▁▂▃▄▅▆▇")
SCREENS = [
    keys.split()
    for keys in (
        "",
        "enter",
        "f",
        "escape slash",
        "escape d",
        "c",
        "X",
        "escape m",
        "escape question_mark",
        "escape r",
    )
]


def of(style: Style) -> tuple[Color, Color]:
    assert style.color is not None
    assert style.bgcolor is not None
    colors = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    return (colors[1], colors[0]) if style.reverse else colors


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_all_that_is_on_the_screen_can_be_read(tmp_path: Path, theme: str) -> None:
    async with driving(Live(tmp_path, fails={"image": [1]})) as hands:
        hands.app.theme = theme
        await hands.advance(25)
        for keys in SCREENS:
            await hands.press(*keys)
            await hands.settle()
            shown = strips(hands.app)
            if hands.app.screen.is_modal:  # what lies behind is dimmed
                box = hands.app.screen.query_one("#box").region
                shown = [shown[y].crop(box.x, box.right) for y in range(box.y, box.bottom)]
            for strip in shown:
                for text, style, _ in strip:
                    least = MARK_CONTRAST if MARKS.fullmatch(text) else TEXT_CONTRAST
                    if set(text) - SCROLLBAR:
                        found = contrast(*of(style or Style()))
                        assert found >= least * 0.98, (theme, keys, text, found, style, strip.text)


@pytest.mark.parametrize("theme", THEMES)
def test_the_colours_of_every_theme_are_made_readable(theme: str) -> None:
    variables = readable_variables(THEMES[theme].to_color_system().generate())
    behind = [Color.parse(variables[name]) for name in ("background", "cursor", "current", "trouble")]
    for name, least in (
        *((f"text-{name}", TEXT_CONTRAST) for name in ("primary", "error", "warning", "success", "accent")),
        *(("foreground", TEXT_CONTRAST), ("quiet", TEXT_CONTRAST), ("faint", MARK_CONTRAST)),
        *((name, TEXT_CONTRAST) for name in ("running", "done", "failed", "critical", "key")),
        *((f"bar{name}", MARK_CONTRAST) for name in ("", "-running", "-done", "-failed", "-ended")),
    ):
        assert all(contrast(Color.parse(variables[name]), each) >= least * 0.98 for each in behind), name


SEEN = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
}
"""What those who lack a kind of cone see of red, green and blue: Machado, Oliveira and Fernandes (2009)."""


@pytest.mark.parametrize("theme", ["colour-blind", "colour-blind-light"])
@pytest.mark.parametrize("sight", SEEN)
def test_states_can_be_told_apart_with_fewer_cones(theme: str, sight: str) -> None:
    variables = readable_variables(THEMES[theme].to_color_system().generate())
    bars = [Color.parse(variables[f"bar-{state}"]).normalized for state in ("running", "done", "failed")]
    seen = [[sum(map(mul, row, bar)) for row in SEEN[sight]] for bar in bars]
    assert all(math.dist(one, two) > 0.25 for one, two in combinations(seen, 2))


KINDS = {"failed": 1, "succeeded": 2, "bar-failed": 1, "bar-done": 2, "running": 12, "key": 5}


@pytest.mark.parametrize("term", ["xterm", "screen", "linux", "vt100"])
async def test_few_colours_tell_the_state_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    """Failed is red, done is green: the eight colours that every terminal has, by their own names."""
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("COLORTERM", raising=False)
    async with driving(Live(tmp_path, fails={"image": [1]})) as hands:
        await hands.advance(END)
        timeline: Any = hands.app.screen.query_one(Timeline)
        for kind, number in KINDS.items():
            color = timeline.get_component_rich_style(f"timeline--{kind}").color
            assert color is not None
            assert color.downgrade(1).number == number, kind


async def test_without_colours_the_state_can_still_be_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with driving(Live(tmp_path, fails={"image": [1]})) as hands:
        await hands.advance(25)
        assert all(mark in hands.row("image") for mark in ("✗ image", "▆✗"))
        assert all("◆" in hands.row(critical) and "┃" in hands.row(critical) for critical in ("tekton",))
        for strip in strips(hands.app):
            for _, style, _ in strip:
                assert not style or not style.color or len(set(style.color.get_truecolor())) == 1
        for key in ("d", "h", "enter", "m"):  # each has a screen of its own
            before = hands.app.screen
            await hands.press(key)
            assert hands.app.screen is not before, key
            while hands.app.screen is not before:
                await hands.press("escape")
