"""Whether a person looks on who can be shown a dashboard, and what the environment's variables say of it."""

from __future__ import annotations

import codecs
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_DUMB = frozenset({"", "dumb", "unknown", "emacs"})
_NO = frozenset({"", "0", "false", "no", "off"})


def is_set(environment: Mapping[str, str], name: str) -> bool:
    """Return whether a variable is set to something that does not mean no."""
    return environment.get(name, "").strip().lower() not in _NO


def is_dumb(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal has no colours and no cursor that can be moved."""
    return environment.get("TERM", "").lower() in _DUMB


def why_no_dashboard() -> str:
    """Return why no dashboard can be drawn and its keys be read; empty where they can."""
    if os.environ.get("TEXTUAL_DRIVER"):  # Textual's own variable: a browser shows it
        return ""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return "standard input and output are not both a terminal"
    if is_dumb(os.environ):
        return f"the terminal cannot draw (TERM={os.environ.get('TERM', '')})"
    if codecs.lookup(sys.stdout.encoding).name != "utf-8":
        return f"the terminal's encoding is {sys.stdout.encoding}, not UTF-8"
    return "" if in_foreground(sys.stdin.fileno()) else "bringup runs in the background"


def in_foreground(terminal: int) -> bool:
    """Return whether the process may set a terminal and read its keys without being stopped for it.

    Args:
        terminal: Its file descriptor.
    """
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # a terminal that does not control the process
        return True
