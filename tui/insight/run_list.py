"""Kept runs in a list: what is told of each, as data and in columns, for a screen and for plain text."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.run.summary import REHEARSAL
from tui.text import GLYPHS, ago, cells, fit, is_narrow, one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.insight.history import History
    from tui.run.listing import Listing
    from tui.run.summary import Summary

_WORSE = 0.1  # of what is usual, from which on a run is said to be slow
_GLYPHS = {**GLYPHS, "cut off": GLYPHS["cancelled"]}
_KINDS = {"cut off": "cancelled"}
_DROPPED = ("where", "when", "last ten", "environment", "tasks", "mode", "ago", "plan", "vs usual")
"""Columns that a narrow terminal does without, the first ones first; ahead of them those of one text."""

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


def listed(listing: Listing, plan: str | None = None, since: float = 0.0) -> list[Listed]:
    """Return the runs that brought a plan up, the newest first.

    Args:
        listing: What is in the store.
        plan: The plan's name; None for any.
        since: When they began at the earliest, in seconds since 1970.
    """
    return [
        Listed(each, outcome(each, each.name in listing.running), each.name in listing.marked)
        for each in listing.summaries
        if each.purpose == "up" and plan in {None, each.plan} and each.began >= since
    ]


class Table(NamedTuple):
    """Runs in columns.

    Attributes:
        heading: The columns' names, each as wide as its column.
        rows: For each run the texts of its columns, all as wide.
    """

    heading: dict[str, str]
    rows: list[tuple[str, ...]]


def in_columns(runs: Sequence[Listed], history: History, width: int, now: float) -> Table:
    """Return runs in columns, as many as find room.

    Args:
        runs: The runs, at least one.
        history: What is usual.
        width: Columns of the terminal.
        now: Seconds since 1970.
    """
    columns = _columns(runs, history, now)
    narrow = {name for name, texts in columns.items() if is_narrow(texts)}
    widths = {
        name: max(len(name), *map(len if name in narrow else cells, texts)) for name, texts in columns.items()
    }
    for name in sorted(_DROPPED, key=lambda name: len(runs) > 1 and len({*columns.get(name, ())}) > 1):
        if sum(widths.values()) + 2 * (len(widths) - 1) > width:
            widths.pop(name, None)
    filled = [_filled(name, columns[name], wide, name in narrow) for name, wide in widths.items()]
    heading = {
        name: name.rjust(wide) if name in _RIGHT else name.ljust(wide) for name, wide in widths.items()
    }
    return Table(heading, list(zip(*filled, strict=True)))


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


def kind(name: str, run: Listed, history: History) -> str:
    """Return the state whose colour a run's text in a column has; empty for none."""
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
