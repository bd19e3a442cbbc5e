"""How much a forecast costs: `python -m tests.bench.insight`.

Foretells random graphs of growing size, before anything has run and halfway through, and beside that the
floor: one pass over the same graph that finds when each task would start. Times depend on the machine; the
ratios are what to look at.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from tests.bench.engine import random_phases
from tests.plans import make_plan, started
from tui.insight.forecast import forecast
from tui.plan.simulation import Rules, simulate_whole
from tui.run import events as e
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_REPEATS = 9


def halfway(begun: RunState, seconds: Mapping[str, float]) -> RunState:
    """A run that has gone as foretold until half of its time has passed."""
    assert begun.started is not None
    ahead = forecast(begun, seconds, 0.0)
    events = sorted(_told(ahead.starts, ahead.ends), key=lambda event: event.at)
    return fold([begun.started, *(event for event in events if event.at <= ahead.end / 2)])


def _told(starts: Mapping[str, float], ends: Mapping[str, float]) -> Iterator[e.Event]:
    for task, end in ends.items():
        yield e.AttemptStarted(starts[task], task, 1)
        yield e.AttemptFinished(end, task, 1, "succeeded")
        yield e.TaskFinished(end, task, "succeeded")


def best(run: Callable[[], object]) -> float:
    """Milliseconds that something takes at best."""
    found = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found) * 1e3


def measure(count: int, mode: str, limit: int | None) -> tuple[float, float, float]:
    """Milliseconds of the floor, and of a forecast of a run that begins and of one that is halfway."""
    begun = fold([started(make_plan(random_phases(count), limit=limit), mode)])
    rng = random.Random(1)
    seconds = {id_: rng.uniform(1, 60) for id_ in begun.tasks}
    half = halfway(begun, seconds)
    return (
        best(lambda: simulate_whole(begun.graph, seconds, Rules("parallel"))),
        best(lambda: forecast(begun, seconds, 0.0)),
        best(lambda: forecast(half, seconds, half.at)),
    )


def main() -> None:
    """Prints the table."""
    print(f"{'':>25} {'at the begin':>17} {'halfway':>17}")
    print(f"{'tasks':>7} {'mode':<11} {'limit':>5} {'ms':>8} {'× floor':>8} {'ms':>8} {'× floor':>8}")
    for mode, limit in (("parallel", None), ("eager", None), ("sequential", None), ("parallel", 4)):
        for count in (100, 1000, 5000):
            floor, *took = measure(count, mode, limit)
            columns = [f"{each:>8.2f} {each / floor:>8.2f}" for each in took]
            print(f"{count:>7} {mode:<11} {limit or '–':>5}", *columns, flush=True)


if __name__ == "__main__":
    main()
