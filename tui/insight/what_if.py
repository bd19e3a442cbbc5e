"""What a whole run would take in another mode, or with some of it changed."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.errors import BringupError
from tui.insight.expectation import EMPTY
from tui.insight.forecast import forecast
from tui.insight.pace import paced
from tui.insight.profile import BETWEEN
from tui.insight.step_costs import step_costs
from tui.insight.whole_run import MODES, WholeRun
from tui.plan.faults import suggest
from tui.plan.graph import CycleError, Graph
from tui.run.work_time import busy, idle, time_at_work, work_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tui.insight.expectation import Expectation
    from tui.run.state import RunState

_UNALIKE = 0.05  # of a run's time, by which its simulation may be off before that is said


class WhatIfError(BringupError):
    """A change that cannot be made to the run."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is changed in a run; what is None stays as it was.

    Attributes:
        mode: The mode from start to end.
        scale: Factors of tasks' and steps' times, by `TASK` or `TASK/STEP`, where STEP is a number from 1, a
            title or its beginning.
        seconds: The seconds that tasks and steps take where nothing slows them, named in the same way.
        drop: Pairs of a task and what it does not need any more.
        add: Pairs of a task and what it needs as well.
        limit: Most tasks at once.
        cores: How many cores the tasks share.
    """

    mode: str | None = None
    scale: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    drop: tuple[tuple[str, str], ...] = ()
    add: tuple[tuple[str, str], ...] = ()
    limit: int | None = None
    cores: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WhatIf:
    """A run as it was and as it would be; times in seconds of work since it began.

    Attributes:
        measured: When each task ran: of one that goes on or waits, when it is expected to.
        seconds: How long the run took, or is expected to.
        simulated: How long its simulation takes without any change.
        predicted: When each task would run.
        makespan: How long the run would take.
        critical: The tasks that would decide that, in order.
        notes: What else is to be known of these figures.
        like: How long runs of its like would take with the same changes.
    """

    measured: Mapping[str, tuple[float, float]]
    seconds: float
    simulated: float
    predicted: Mapping[str, tuple[float, float]]
    makespan: float
    critical: tuple[str, ...]
    notes: tuple[str, ...]
    like: tuple[float, ...] = ()

    @property
    def range(self) -> tuple[float, float]:
        """The shortest and the longest that the run would take, by itself and by runs of its like."""
        all_ = (self.makespan, *self.like)
        return min(all_), max(all_)

    @property
    def difference(self) -> float:
        """Seconds that the run would take longer; below 0 if it would be faster."""
        return self.makespan - self.simulated


def what_if(
    state: RunState,
    expectation: Expectation,
    now: float,
    changes: Changes,
    like: Iterable[RunState] = (),
) -> WhatIf:
    """Return how a run would have gone with some changes.

    Args:
        state: The run.
        expectation: How long things took before, for what is yet to come.
        now: Seconds since the run began.
        changes: What is changed.
        like: Runs of its like that came up.

    Raises:
        WhatIfError: They do not fit the run.
    """
    whole = WholeRun.of(state, expectation, now)
    changed = _changed(whole, state, expectation, now, changes)
    ahead = forecast(state, paced(state, expectation, now), now)
    gaps = idle(busy(state, now), now)
    measured = {
        id_: (time_at_work(0.0, start, gaps), time_at_work(0.0, ahead.ends[id_], gaps))
        for id_, start in ahead.starts.items()
    }
    line, simulated = changed.simulate(), whole.makespan
    took = work_time(busy(state, now)) if state.ended_at is not None else time_at_work(0.0, ahead.end, gaps)
    return WhatIf(
        measured=measured,
        seconds=took,
        simulated=simulated,
        predicted=line.times,
        makespan=line.end,
        critical=tuple(line.critical()),
        notes=tuple(_notes(state, whole, changed, changes, took, simulated)),
        like=tuple(_of_like(like, changes)),
    )


def _of_like(like: Iterable[RunState], changes: Changes) -> Iterator[float]:
    """Yield how long runs would take with some changes, where these fit them."""
    for state in like:
        whole = WholeRun.of(state, EMPTY, state.known_until)
        with suppress(WhatIfError):
            yield _changed(whole, state, EMPTY, state.known_until, changes).makespan


def makespans(state: RunState, expectation: Expectation, now: float) -> dict[str, float]:
    """Return how many seconds the whole run would take in each mode."""
    whole = WholeRun.of(state, expectation, now)
    return {mode: whole.in_mode(mode).makespan for mode in MODES}


def _notes(
    state: RunState, whole: WholeRun, changed: WholeRun, changes: Changes, took: float, simulated: float
) -> Iterable[str]:
    if math.isinf(whole.profile.cores):
        yield "CPU seconds were not measured: tasks are taken not to slow each other"
        if changes.cores is not None:
            yield "so the number of cores makes no difference here"
    has_ahead = any(task.prefetches for task in state.tasks.values())
    if has_ahead and all(mode == "eager" for _, mode in changed.modes):
        yield "what ran ahead of a task's place is taken to do so again, as in this run"
    if took and abs(simulated - took) > max(_UNALIKE * took, 0.5):
        yield f"the simulation is off by {abs(simulated / took - 1):.0%}: trust differences more than times"


def _changed(
    whole: WholeRun, state: RunState, expectation: Expectation, now: float, changes: Changes
) -> WholeRun:
    names = _Names(state, expectation, now)
    graph = _graph(whole.graph, names, changes)
    known = not math.isinf(whole.profile.cores)
    cores = changes.cores if changes.cores is not None and known else whole.profile.cores
    changed = replace(
        whole.with_graph(graph) if graph is not whole.graph else whole,
        profile=replace(whole.profile, cores=cores),
        modes=whole.modes if changes.mode is None else ((0.0, changes.mode),),
        limit=whole.limit if changes.limit is None else changes.limit,
    )
    factors: dict[tuple[str, int | None], float] = {}
    for name, factor in changes.scale.items():
        place = names.place(name)
        factors[place] = factors.get(place, 1.0) * factor
    changed = changed.scaled(factors)
    # Steps first: what a task takes in all is then shared among them as they are.
    for name, seconds in sorted(changes.seconds.items(), key=lambda item: "/" not in item[0]):
        task, step = names.place(name)
        before = changed.profile.seconds(task, step)
        if not before and seconds:
            raise WhatIfError(f"{name!r} took no time in this run", "set one that did, or scale others")
        changed = changed.scaled({(task, step): seconds / before if before else 1.0})
    return changed


def _graph(graph: Graph, names: _Names, changes: Changes) -> Graph:
    """Return the graph with needs dropped and added."""
    nodes = dict(graph.nodes)
    for task, need in changes.drop:
        node = nodes[names.task(task)]
        if names.task(need) not in node.needs:
            needs = ", ".join(node.needs) or "nothing"
            raise WhatIfError(f"task {task!r} does not need {need!r}", f"it needs {needs}")
        nodes[task] = node._replace(needs=tuple(each for each in node.needs if each != need))
    for task, need in changes.add:
        node, needed = nodes[names.task(task)], nodes[names.task(need)]
        if needed.phase > node.phase:
            hint = "tasks need those of their own phase, or of earlier ones"
            raise WhatIfError(f"task {need!r} is of a later phase than {task!r}", hint)
        nodes[task] = node._replace(needs=tuple(dict.fromkeys((*node.needs, need))))
    if not (changes.drop or changes.add):
        return graph
    try:
        return Graph(nodes.values())
    except CycleError as error:
        cause = f"tasks would need each other in a circle: {error}"
        raise WhatIfError(cause, "drop another of these needs as well") from error


class _Names:
    """Finds tasks and steps by what they are called."""

    def __init__(self, state: RunState, expectation: Expectation, now: float) -> None:
        self._tasks = list(state.tasks)
        self._steps: dict[str, dict[int, str]] = {
            task.id: dict(enumerate(task.steps)) for task in state.tasks.values()
        }
        for cost in step_costs(state, expectation, now, {}):
            if cost.step != BETWEEN:
                self._steps[cost.task][cost.step] = cost.title

    def task(self, name: str) -> str:
        """Return a task's id.

        Raises:
            WhatIfError: There is no such task.
        """
        if name not in self._tasks:
            raise WhatIfError(f"there is no task {name!r} in this run", suggest(name, self._tasks))
        return name

    def place(self, name: str) -> tuple[str, int | None]:
        """Return the task and step that a name leads to; a step of None is the whole task.

        Raises:
            WhatIfError: There is no such task or step, or there are several.
        """
        task, slash, step = name.partition("/")
        steps = self._steps[self.task(task)]
        if not slash:
            return task, None
        if step.isdecimal():
            found = [int(step) - 1] if int(step) - 1 in steps else []
        else:
            found = [i for i, title in steps.items() if title == step]
            found = found or [i for i, title in steps.items() if step and title.startswith(step)]
        if len(found) == 1:
            return task, found[0]
        if found:
            numbers = ", ".join(f"{task}/{i + 1}" for i in found)
            raise WhatIfError(f"task {task!r} has several steps {step!r}", f"say which: {numbers}")
        raise WhatIfError(f"task {task!r} has no step {step!r}", suggest(step, steps.values()))
