"""The dashboard's colours: any theme's, made to differ enough from what they stand on to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic

from textual import constants
from textual.app import App, ReturnType
from textual.color import BLACK, WHITE, Color
from textual.worker import WorkerFailed

from tui.dashboard.driver import TerminalDriver
from tui.dashboard.themes import THEMES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.driver import Driver

TEXT_CONTRAST = 4.5
"""The least contrast of a text with what it stands on, by WCAG 2."""

MARK_CONTRAST = 3.0
"""The same of bars, rules and other marks."""

_TEXTS = ("primary", "secondary", "warning", "error", "success", "accent")
_STATES = {"running": "primary", "done": "success", "failed": "error"}
_CALM = 0.72
"""How much of its colour what is done keeps, so that what runs is brighter."""

_STEPS = 50


def contrast(one: Color, two: Color) -> float:
    """Return the contrast of two opaque colours, from 1 to 21."""
    brighter, darker = sorted((_luminance(one), _luminance(two)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = map(linear, color.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def readable(color: Color, behind: Iterable[Color], least: float) -> Color:
    """Return a colour as it is, or as much lighter or darker as makes it readable.

    Args:
        color: The colour.
        behind: What it stands on.
        least: The contrast that it needs.
    """
    behind = list(behind)
    end = WHITE if sum(map(_luminance, behind)) < 0.18 * len(behind) else BLACK
    mixed = (color.blend(end, step / _STEPS) for step in range(_STEPS + 1))
    return next((each for each in mixed if all(contrast(each, b) >= least for b in behind)), end)


def readable_variables(variables: dict[str, str]) -> dict[str, str]:
    """Return a theme's variables, with readable texts, and with those of the dashboard's own parts.

    A colour tells the state alone: `running`, `done` and `failed` are for texts, with `bar-` before it for
    bars, and `bar-ended` for what was cancelled. `critical` is for the mark and edge of what is critical,
    `key` for keys and nothing else. `bar` is for bars that tell an amount, `quiet` for text that matters
    less, `faint` for rules and marks, `cursor` lies behind the chosen row, `current` behind the chosen line
    of a log, `trouble` behind a failure.
    """
    background, foreground = (Color.parse(variables[name]) for name in ("background", "foreground"))
    if background.ansi is not None:  # the terminal's own colours, of which no other shades can be made
        return variables | _of_terminal(variables)
    primary, error = (Color.parse(variables[name]) for name in ("primary", "error"))
    panel, surface = (
        background.blend(p, p.a, 1.0) for p in map(Color.parse, (variables["panel"], variables["surface"]))
    )
    tint = 0.22 if background.brightness < 0.5 else 0.1
    cursor, current = background.blend(primary, tint), background.blend(primary, tint + 0.03)
    trouble = background.blend(error, 0.1)
    behind = [background, panel, surface, cursor, current, trouble]
    quiet = readable(background.blend(foreground, 0.6), behind, TEXT_CONTRAST)
    faint = readable(background.blend(foreground, 0.3), behind, MARK_CONTRAST)
    made = {"cursor": cursor, "current": current, "trouble": trouble, "quiet": quiet, "faint": faint}
    made["foreground"] = made["critical"] = readable(foreground, behind, TEXT_CONTRAST)
    made["bar-ended"] = readable(background.blend(foreground, 0.5), behind, MARK_CONTRAST)
    for name in _TEXTS:
        made[f"text-{name}"] = readable(Color.parse(variables[f"text-{name}"]), behind, TEXT_CONTRAST)
    for state, name in _STATES.items():
        color = Color.parse(variables[name])
        bar = background.blend(color, _CALM) if state == "done" else color
        made[state] = readable(color, behind, TEXT_CONTRAST)
        made[f"bar-{state}"] = readable(bar, behind, MARK_CONTRAST)
    made["bar-running"] = made["running"]
    made["bar"] = readable(primary, behind, MARK_CONTRAST)
    made["key"] = readable(Color.parse(variables["accent"]), behind, TEXT_CONTRAST)
    made["footer-key-foreground"] = made["key"]
    made["block-cursor-background"], made["block-cursor-foreground"] = current, made["foreground"]
    return variables | {name: color.hex for name, color in made.items()} | {"text-muted": quiet.hex}


def _of_terminal(variables: dict[str, str]) -> dict[str, str]:
    """Return the dashboard's variables in the terminal's own colours, as a theme names those."""
    plain = ("quiet", "faint", "bar-ended", "critical", "cursor", "current", "trouble")
    states = {state: variables[name] for state, name in _STATES.items()}
    states |= {"running": "ansi_bright_blue"}
    bars = {f"bar-{state}": color for state, color in states.items()} | {"bar": variables["primary"]}
    return dict.fromkeys(plain, "ansi_default") | states | bars | {"key": variables["footer-key-foreground"]}


class ReadableApp(App[ReturnType], Generic[ReturnType]):
    """An app on standard output, with readable themes, and the terminal's own where that has few colours.

    Attributes:
        fault: What it died of, if it did; Textual's own report of it would show secrets among its variables.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.fault: BaseException | None = None
        for theme in THEMES:
            self.register_theme(theme)
        self.prefer_theme("")

    def prefer_theme(self, name: str) -> None:
        """Take a theme, if there is such, and if the terminal has colours enough for it."""
        few = self.console.color_system in {"standard", "windows"}
        if few and not name.startswith("ansi-"):
            name = "ansi-dark"
        if name in self.available_themes:
            self.theme = name

    def _fatal_error(self) -> None:
        """End the app."""
        fault = self._exception
        self.fault = fault.error if isinstance(fault, WorkerFailed) else fault
        self._close_messages_no_wait()

    def get_driver_class(self) -> type[Driver]:
        """Return the terminal, by standard output; or what Textual's own variable asks for: a browser."""
        return super().get_driver_class() if constants.DRIVER else TerminalDriver

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's variables, made readable."""
        return readable_variables(super().get_css_variables())
