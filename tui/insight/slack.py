"""How much later each task could end without moving the run's end.

Known from the critical path method: with as many tasks at once as may be, a task's *total float*; where
tasks wait for each other's slots, its *free float*, which takes no slot from anyone.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

from tui.plan.simulation import NEVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.plan.simulation import Timeline
    from tui.plan.topology import Topology


def total_float(topology: Topology, line: Timeline, end: float, barred: Sequence[int]) -> list[float]:
    """Return how much later each task could end, if what follows it then moves along.

    Args:
        topology: The run's graph.
        line: When each task ran or will run.
        end: The run's end.
        barred: For each task, whether the mode in which it starts has it wait for the phases before its own.

    Returns:
        Seconds by place; meaningless for tasks that never run.
    """
    starts, ends, needs = line.starts, line.ends, topology.needs
    latest = [end] * len(ends)
    slack = [0.0] * len(ends)
    gate = end  # the latest that what waits for the phases up to this one may start
    doors = [0.0]  # when the phases before each had ended
    doors += accumulate((max(ends[first:stop], default=0.0) for first, stop in topology.bounds), max)
    for phase, (first, stop) in reversed(list(enumerate(topology.bounds))):
        opens, door = gate, doors[phase]
        for i in range(stop - 1, first - 1, -1):
            ended = ends[i]
            if ended == NEVER:
                continue
            late = latest[i]
            if gate < late:
                late = gate
            if late < ended:  # by rounding
                late = ended
            slack[i] = late - ended
            start = starts[i]
            late += start - ended  # from here on, the latest that it may start
            # What started earlier than something ended did not wait for it: that was run again.
            for need in needs[i]:
                if late < latest[need] and ends[need] <= start:
                    latest[need] = late
            if late < opens and barred[i] and door <= start:
                opens = late
        gate = opens
    return slack


def free_float(line: Timeline, end: float) -> list[float]:
    """Return how much later each task could end with nothing else moved: until the next start, or the end.

    Under a limit that is what can be promised: a task that holds its slot for longer may change which task
    gets the next one, and with that everything after.

    Args:
        line: When each task ran or will run.
        end: The run's end.

    Returns:
        Seconds by place; meaningless for tasks that never run.
    """
    following = sorted(line.starts)
    following.append(end)
    return [max(following[bisect_left(following, ended)] - ended, 0.0) for ended in line.ends]
