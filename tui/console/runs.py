"""Kept runs, a line each, as text and as data."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.run.summary import REHEARSAL
from tui.text import GLYPHS, ago, cells, fit, is_narrow, one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tui.console.style import Style
    from tui.insight.history import History
    from tui.run.summary import Summary

_WORSE = 0.1  # of what is usual, from which on a run is said to be slow
_GLYPHS = {**GLYPHS, "cut off": GLYPHS["cancelled"]}
_KINDS = {"cut off": "cancelled"}
_DROPPED = ("where", "when", "last ten", "environment", "mode", "tasks", "ago", "plan", "vs usual")
"""Columns that a narrow terminal does without, the first ones first."""

_RIGHT = {"tasks", "took", "vs usual"}


class Listed(NamedTuple):
    """A run in a list.

    Attributes:
        summary: What is told of it.
        outcome: How it went: `running` and `cut off` as well.
        is_marked: Whether pruning never takes it.
    """

    summary: Summary
    outcome: str
    is_marked: bool = False


def in_list(listed: Listed, history: History) -> dict[str, Any]:
    """Return a run of a list as JSON-like data."""
    each = listed.summary
    return {
        "run": each.run,
        "plan": each.plan,
        "purpose": each.purpose,
        "started": each.started,
        "environment": each.environment,
        "speed": each.speed,
        "where": each.where,
        "mode": each.mode,
        "outcome": listed.outcome,
        "tasks": each.tasks,
        "done": each.done,
        "seconds": each.seconds,
        "usual": history.usual(each),
        "difference": history.difference(each),
        "recent": history.recent(each),
        "kept": listed.is_marked,
    }


def outcome(summary: Summary, is_running: bool) -> str:
    """Return how a run went, in a word."""
    return summary.outcome or ("running" if is_running else "cut off")


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
    if not runs:
        yield "no run is kept"
        return
    columns = _columns(runs, history, time.time() if now is None else now)
    narrow = {name for name, texts in columns.items() if is_narrow(texts)}
    widths = {
        name: max(len(name), *map(len if name in narrow else cells, texts)) for name, texts in columns.items()
    }
    for name in _DROPPED:
        if sum(widths.values()) + 2 * (len(widths) - 1) > width:
            widths.pop(name, None)
    yield style("  ".join(fit(name, wide) for name, wide in widths.items()).rstrip()[:width], "dim")
    filled = {name: _filled(name, columns[name], wide, name in narrow) for name, wide in widths.items()}
    for name, texts in filled.items() if style.colour else ():
        kinds = (_kind(name, run, history) for run in runs)
        filled[name] = [style(text, kind) for text, kind in zip(texts, kinds, strict=True)]
    for row in zip(*filled.values(), strict=True):
        yield "  ".join(row).rstrip()


def _filled(name: str, texts: list[str], width: int, narrow: bool) -> list[str]:
    """Return a column's texts, all as wide as it is."""
    if name in _RIGHT:
        return [text.rjust(width) for text in texts]
    return [text.ljust(width) if narrow else fit(text, width) for text in texts]


def _columns(runs: Sequence[Listed], history: History, now: float) -> dict[str, list[str]]:
    summaries = [each.summary for each in runs]
    columns = {
        "run": [
            f"{each.run}{' *' if listed.is_marked else ''}"
            for listed, each in zip(runs, summaries, strict=True)
        ],
        "when": [_local(each.began) for each in summaries],
        "ago": [ago(now - each.began) if each.began else "" for each in summaries],
        "plan": _plain([each.plan for each in summaries]),
        "mode": [each.mode for each in summaries],
        "environment": [_environment(each) for each in summaries],
        "where": _plain([each.where for each in summaries]),
        "outcome": [f"{_GLYPHS.get(each.outcome, '?')} {each.outcome}" for each in runs],
        "tasks": [f"{each.done}/{each.tasks}" for each in summaries],
        "took": [seconds(each.seconds) for each in summaries],
        "vs usual": [percent(history.difference(each)) for each in summaries],
        "last ten": [history.bars(each) for each in summaries],
    }
    if {*columns["where"]} == {"this machine"}:
        del columns["where"]
    return columns


def _plain(texts: list[str]) -> list[str]:
    known = {text: one_line(text) for text in set(texts)}
    return [known[text] for text in texts]


def _kind(name: str, run: Listed, history: History) -> str:
    """Return what decides the colour of a run's text in a column."""
    if name == "outcome":
        return _KINDS.get(run.outcome, run.outcome)
    if name == "vs usual" and abs(more := history.difference(run.summary) or 0.0) >= _WORSE:
        return "failed" if more > 0 else "succeeded"
    return "dim" if name in {"when", "ago", "last ten"} else ""


def _environment(summary: Summary) -> str:
    fast = summary.environment == REHEARSAL and summary.speed != 1
    return f"{summary.environment} ×{summary.speed:g}" if fast else summary.environment


def _local(began: float) -> str:
    """Return a moment as a clock here shows it; empty where it is not known."""
    if not began:
        return ""
    at = time.localtime(began)
    return f"{at.tm_year}-{at.tm_mon:02}-{at.tm_mday:02} {at.tm_hour:02}:{at.tm_min:02}"


def percent(difference: float | None) -> str:
    """Return a difference as a signed percentage; empty where there is none to tell."""
    if difference is None:
        return ""
    return f"{round(difference * 100):+} %".replace("-", "−").replace("+0", "0")


def skipped(others: Sequence[Path]) -> Iterator[str]:
    """Yield a line on what was found among runs and is none, if there is any."""
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield f"skipped, as no journal can be read there: {others[0]}{more}"
