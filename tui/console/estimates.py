"""How good forecasts were, as text and as data."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median
from typing import TYPE_CHECKING, Any

from tui.insight.estimates import MOMENTS
from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.console.style import Style
    from tui.insight.estimates import Estimate


def text(found: Sequence[Estimate], style: Style) -> Iterator[str]:
    """Yield a line for each run, the newest first, and their median.

    Args:
        found: What was foretold of each run.
        style: Colours or none.
    """
    if not found:
        yield "no run is kept that came up after another of its plan: nothing was foretold"
        return
    names = max(len(each.run) for each in found)
    moments = "".join(f"{f'at {moment:.0%}':>8}" for moment in MOMENTS)
    yield style(f"{'foretold too late, or too early':<{names}} {'took':>8} {moments}", "dim")
    for each in found:
        errors = "".join(f"{error:>+8.0%}" for error in each.errors)
        yield f"{each.run:<{names}} {seconds(each.seconds):>8} {errors}  {style(f'by {each.source}', 'dim')}"
    errors = "".join(f"{error:>8.1%}" for error in medians(found))
    yield style(f"{'median error':<{names}} {'':>8} {errors}", "strong")


def medians(found: Sequence[Estimate]) -> list[float]:
    """Return the median error at each of the moments, by its size."""
    return [median(abs(each.errors[i]) for each in found) for i in range(len(MOMENTS))]


def as_data(found: Sequence[Estimate]) -> dict[str, Any]:
    """Return the same as JSON-like data; errors are shares of the run's time."""
    return {
        "moments": list(MOMENTS),
        "median": medians(found) if found else None,
        "runs": [asdict(each) for each in found],
    }
