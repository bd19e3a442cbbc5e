"""How a run would have gone with some changes, as text and as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.console.chart import beside
from tui.text import one_line, seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui.console.style import Style
    from tui.insight.what_if import WhatIf
    from tui.run.state import RunState


def text(answer: WhatIf, state: RunState, style: Style, width: int) -> Iterator[str]:
    """Yield the answer's lines.

    Args:
        answer: The answer.
        state: The run.
        style: Colours or none.
        width: Columns of the terminal.
    """
    more, less = answer.difference > 0.05, answer.difference < -0.05
    change = (
        f"{seconds(abs(answer.difference))} {'more' if more else 'less'}" if more or less else "no change"
    )
    verdict = f"{seconds(answer.makespan)} instead of {seconds(answer.simulated)}: {change}"
    yield style(verdict, "failed" if more else "succeeded" if less else "strong")
    yield style(f"measured {seconds(answer.seconds)}, simulated as it ran {seconds(answer.simulated)}", "dim")
    yield style(_spread(answer), "dim")
    titles = {task.id: task.title for task in state.tasks.values()}
    if answer.seconds or answer.makespan:
        yield ""
        yield from beside(titles, answer.measured, answer.predicted, answer.critical, style, width)
        path = " → ".join(one_line(titles[id_]) for id_ in answer.critical)
        yield ""
        yield f"{style('◆', 'warning')} critical path: {path}"
    for note in answer.notes:
        yield style(note, "dim")


def _spread(answer: WhatIf) -> str:
    """Return how much runs of its like differ in what they foretell."""
    if not answer.like:
        return "foretold by one run: how much that varies is not known"
    least, most = answer.range
    return f"foretold by {len(answer.like) + 1} like runs: {seconds(least)} to {seconds(most)}"


def as_data(answer: WhatIf) -> dict[str, Any]:
    """Return the answer as JSON-like data; times are in seconds."""
    return {
        "makespan": answer.makespan,
        "difference": answer.difference,
        "range": list(answer.range),
        "runs": len(answer.like) + 1,
        "simulated": answer.simulated,
        "measured": answer.seconds,
        "critical_path": list(answer.critical),
        "tasks": [
            {"task": id_, "measured": _times(answer.measured.get(id_)), "predicted": _times(times)}
            for id_, times in answer.predicted.items()
        ],
        "notes": list(answer.notes),
    }


def _times(times: tuple[float, float] | None) -> dict[str, float] | None:
    return None if times is None else {"start": times[0], "end": times[1]}
