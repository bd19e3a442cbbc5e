"""How far a run is, in the terminal's tab and the desktop's task bar: ConEmu's control sequence OSC 9;4."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.dashboard.frame import Frame

SETTING = "BRINGUP_TAB_PROGRESS"
"""The variable that switches it on with `1` and off with `0`, whatever the terminal."""

State = Literal["none", "normal", "error", "indeterminate", "paused"]
_STATES: tuple[State, ...] = ("none", "normal", "error", "indeterminate", "paused")
_WEZTERM_SINCE = "2025"  # of its version, which is a date; before, it takes the sequence for a notification
_VTE_SINCE = 8000
_FEATURE = re.compile(r"[A-Z][a-z]*\d*")


class TabProgress(NamedTuple):
    """How far it is.

    Attributes:
        state: How it goes.
        percent: How far it is, from 0 to 100.
    """

    state: State = "none"
    percent: int = 0

    @classmethod
    def of(cls, frame: Frame) -> TabProgress:
        """Return how far a run is, by the time that is left of it."""
        state, ahead = frame.state, frame.forecast
        lost = bool(state.with_status("failed", "cancelled"))
        if frame.finished:
            return cls("error", 100) if lost else cls()
        if ahead is None or not frame.expectation.seconds:
            return cls("error", 100) if lost else cls("indeterminate")
        end = frame.now + ahead.remaining(frame.now)
        percent = min(int(100 * frame.now / end), 99) if end else 0
        return cls("error" if lost else "paused" if state.paused else "normal", percent)

    @property
    def sequence(self) -> str:
        """What a terminal is told."""
        return f"\x1b]9;4;{_STATES.index(self.state)};{self.percent}\x1b\\"


def is_shown(environment: Mapping[str, str]) -> bool:
    """Return whether a terminal shows it, by what it says of itself; others take it for a notification.

    Windows Terminal, ConEmu, Ghostty, newer WezTerm, VTE and iTerm2 do. Within tmux and screen it is not
    known who looks on.
    """
    if setting := environment.get(SETTING, ""):
        return setting.lower() not in {"0", "no", "off", "false", "never"}
    term = environment.get("TERM", "")
    if (
        environment.get("TMUX")
        or environment.get("STY")
        or term.startswith(("tmux", "screen", "linux", "dumb"))
    ):
        return False
    program, version = environment.get("TERM_PROGRAM", ""), environment.get("TERM_PROGRAM_VERSION", "")
    vte = environment.get("VTE_VERSION", "")
    return bool(
        environment.get("WT_SESSION")
        or environment.get("ConEmuANSI") == "ON"
        or program == "ghostty"
        or term == "xterm-ghostty"
        or (program == "WezTerm" and version >= _WEZTERM_SINCE)
        or (vte.isdigit() and int(vte) >= _VTE_SINCE)
        or (program == "iTerm.app" and "P" in _FEATURE.findall(environment.get("TERM_FEATURES", "")))
    )
