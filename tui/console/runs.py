"""Kept runs, a line each, as text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.insight.run_list import in_columns, kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tui.console.style import Style
    from tui.insight.history import History
    from tui.insight.run_list import Listed


def table(
    runs: Sequence[Listed], history: History, style: Style, width: int, now: float | None = None
) -> Iterator[str]:
    """Yield a heading and a line for each run.

    Args:
        runs: The runs, in their order.
        history: What is usual.
        style: Colours or none.
        width: Columns of the terminal.
        now: Seconds since 1970.
    """
    told = in_columns(runs, history, width, time.time() if now is None else now)
    yield style("  ".join(told.heading.values()).rstrip()[:width], "dim")
    if not style.colour:
        yield from ("  ".join(row).rstrip() for row in told.rows)
        return
    for run, row in zip(runs, told.rows, strict=True):
        texts = zip(told.heading, row, strict=True)
        yield "  ".join(style(text, kind(name, run, history)) for name, text in texts).rstrip()


def skipped(others: Sequence[Path]) -> Iterator[str]:
    """Yield a line on what was found among runs and is none, if there is any."""
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield f"skipped, as no journal can be read there: {others[0]}{more}"
