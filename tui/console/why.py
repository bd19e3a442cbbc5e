"""Why a run takes as long as it does, as text and as data."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tui.insight.savings import CUTS
from tui.insight.why_sections import COLUMNS
from tui.text import clock, cut, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.console.style import Style
    from tui.insight.savings import Savings
    from tui.insight.sections import Row, Section
    from tui.insight.why import RankedStep, Why

_CELL = 6
_ROOMY = 80  # columns from which all cells are shown
_BAR = 20
_TONES = {"slower": "failed", "faster": "succeeded", "critical": "warning", "quiet": "dim"}


def text(verdict: str, sections: Iterable[Section], style: Style, width: int) -> Iterator[str]:
    """Yield an answer's lines.

    Args:
        verdict: The answer in one line.
        sections: Its parts.
        style: Colours or none.
        width: Columns of the terminal.
    """
    yield style(verdict, "strong")
    for section in sections:
        yield ""
        note = style(f"  {section.note}", "dim") if section.note else ""
        yield style(section.title, "strong") + note
        if section.columns:
            yield style(_cells(section.columns, width), "dim")
        for row in section.rows:
            if row.amount or row.depth or row.cells:
                yield _line(row, bool(section.columns), style, width)
            else:
                lines = textwrap.wrap(one_line(row.text), max(width - 2, 8))
                yield from (f"  {_toned(line, row, style)}" for line in lines)


def _line(row: Row, in_columns: bool, style: Style, width: int) -> str:
    begin = _cells(row.cells or [""] * len(COLUMNS), width) if in_columns else ""
    if row.at is not None:
        begin += f"  {clock(row.at):>6}"
    if row.amount:
        begin += f"  {row.amount:>7}"
    if row.share is not None:
        filled = round(row.share * _BAR)
        begin += f"  {'█' * filled}{'░' * (_BAR - filled)}"
    begin += "  " * (1 + row.depth)
    shown = cut(one_line(row.text), max(width - len(begin) - len(row.note) - 1, 8))
    note = f" {_toned(row.note, row, style)}" if row.note else ""
    words = shown if row.note else _toned(shown, row, style)
    return f"{begin}{words}{note}".rstrip()


def _cells(cells: Sequence[str], width: int) -> str:
    """Return cells beside each other; where there is little room, without what smaller cuts save."""
    shown = cells if width >= _ROOMY else [*cells[:2], *cells[-2:]]
    return "".join(f"{cell:>{_CELL + 1}}" for cell in shown)


def _toned(text: str, row: Row, style: Style) -> str:
    kind = _TONES.get(row.tone, "")
    return style(text, kind) if kind else text


def as_data(why: Why) -> dict[str, Any]:
    """Return the answer as JSON-like data; times are in seconds."""
    return {
        "verdict": why.verdict,
        "seconds": why.seconds,
        "mode": why.mode,
        "critical_path": [{**asdict(each), "seconds": each.seconds} for each in why.critical],
        "steps": [_step(step) for step in why.steps],
        "floors": {**asdict(why.floors), "both": why.floors.both},
        "makespans": dict(why.makespans),
        "simulated": why.simulated,
        "cores": why.cores,
        "cores_full": [{"start": start, "end": end} for start, end in why.full],
        "gain": str(why.gain or ""),
        "notes": list(why.notes),
    }


def _step(step: RankedStep) -> dict[str, Any]:
    cost = step.cost
    return {
        "task": cost.task,
        "step": cost.step if cost.step >= 0 else None,
        "title": cost.title,
        "kind": cost.kind or None,
        "seconds": cost.seconds,
        "ahead": cost.ahead,
        "critical": step.critical,
        "worked": cost.worked,
        "waited": cost.waited,
        "unknown": max(cost.seconds - cost.worked - cost.waited, 0.0),
        "cpu": cost.cpu,
        **(_savings(step.savings) if step.savings else {"saved": None, "bend": None}),
        "spans": [
            {
                "title": span.title,
                "waits": span.waits,
                "seconds": span.seconds,
                "alone": span.alone,
                **_savings(span.savings),
            }
            for span in step.spans
        ],
    }


def _savings(savings: Savings) -> dict[str, Any]:
    saved = {f"{share:.0%}".rstrip("%"): value for share, value in zip(CUTS, savings.seconds, strict=True)}
    return {"saved": saved, "bend": asdict(savings.bend) if savings.bend else None}
