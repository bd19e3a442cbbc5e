"""A benchmark's results as a table in text or Markdown, and as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tui.insight.bench import results
from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.insight.bench import BenchRun, ModeResult

_FATES = {"failed": "failed", "cancelled": "was cancelled"}
_HEAD = ("mode", "mean ± σ", "range", "runs", "ratio")


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark, whole or as far as it came.

    Attributes:
        plan: The plan's name.
        where: What it ran on, in words.
        caches: What was done about caches, in words.
        rehearsal: What is rehearsed, and how fast; empty for real runs.
        runs: Its runs, in the order in which they ran.
        wanted: How many were asked for in each mode.
        whole: Whether all came up.
    """

    plan: str
    where: str
    caches: str
    rehearsal: str
    runs: tuple[BenchRun, ...]
    wanted: int
    whole: bool


def text(bench: Bench) -> Iterator[str]:
    """Yield the lines of the table and of what is to be known of it."""
    yield f"{bench.plan} on {bench.where}; {bench.caches}"
    if bench.rehearsal:
        yield f"{bench.rehearsal}; these are no times of a real cluster"
    rows = [_HEAD, *map(_row, results(bench.runs))] if results(bench.runs) else [("no run was measured",)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    yield ""
    for row in rows:
        first, *rest = zip(row, widths, strict=True)
        yield "  ".join((first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest))).rstrip()
    if notes := list(_notes(bench)):
        yield ""
        yield from notes


def markdown(bench: Bench) -> Iterator[str]:
    """Yield the same in Markdown."""
    yield f"**{bench.plan}** on {bench.where}; {bench.caches}"
    if bench.rehearsal:
        yield ""
        yield f"{bench.rehearsal}; these are no times of a real cluster"
    yield ""
    yield f"| {' | '.join(_HEAD)} |"
    yield "|:---|---:|---:|---:|---:|"
    for result in results(bench.runs):
        yield f"| {' | '.join(_row(result))} |"
    if notes := list(_notes(bench)):
        yield ""
        yield from (f"- {note}" for note in notes)


def data(bench: Bench) -> dict[str, Any]:
    """Return it as JSON-like data."""
    return {
        "plan": bench.plan,
        "where": bench.where,
        "caches": bench.caches,
        "rehearsal": bench.rehearsal or None,
        "whole": bench.whole,
        "modes": [
            {
                "mode": result.mode,
                "mean": result.mean,
                "stddev": result.deviation,
                "median": sorted(run.seconds for run in result.runs)[len(result.runs) // 2],
                "min": result.least,
                "max": result.most,
                "ratio": result.ratio,
                "ratio_stddev": result.uncertainty,
                "outliers": list(result.outliers),
            }
            for result in results(bench.runs)
        ],
        "runs": [asdict(run) | {"spoiled": run.spoiled or None} for run in bench.runs],
    }


def _row(result: ModeResult) -> tuple[str, ...]:
    digits = 1 if result.mean >= 10 else 2
    spread = f" ± {result.deviation:.{digits}f} s" if result.deviation is not None else " s"
    return (
        result.mode,
        f"{result.mean:.{digits}f}{spread}",
        f"{result.least:.{digits}f} … {result.most:.{digits}f} s",
        str(len(result.runs)),
        _ratio(result),
    )


def _notes(bench: Bench) -> Iterator[str]:
    found = results(bench.runs)
    for result in found[1:]:
        beyond = result.uncertainty is None or result.ratio - 1 > result.uncertainty
        verdict = "" if beyond else ", which is within the spread"
        yield f"{found[0].mode} was {_ratio(result)} times as fast as {result.mode}{verdict}"
    outliers = {run for result in found for run in result.outliers}
    for run in bench.runs:
        who = f"run {run.run} ({run.mode}, {seconds(run.seconds)})"
        if run.outcome != "succeeded":
            yield f"! {who} {_FATES.get(run.outcome or '', 'was cut off')}; it does not count"
        if run.run in outliers:
            yield f"! {who} is an outlier: far from the median of its mode"
        if run.spoiled and run.round:
            yield f"! {who} was spoiled: {run.spoiled}"
    caches = {run.caches for run in bench.runs if run.round and run.outcome == "succeeded"}
    if len(caches) > 1:
        cold = sum(run.caches == "cold" for run in bench.runs if run.round)
        yield f"! {cold} of the runs met cold caches, the others warm ones: --warm or --cold makes them alike"
    if any(len(result.runs) < bench.wanted for result in found):
        yield f"! not all {bench.wanted} runs a mode were measured"


def _ratio(result: ModeResult) -> str:
    return f"{result.ratio:.2f}" + (f" ± {result.uncertainty:.2f}" if result.uncertainty is not None else "")
