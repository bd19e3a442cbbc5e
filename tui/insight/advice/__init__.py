"""What to change in a plan so that it is up sooner: advice as data, said only where it is sure to pay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain, islice
from statistics import median
from typing import TYPE_CHECKING

from tui.insight.advice import builds, ordering, pods, pulls
from tui.insight.expectation import EMPTY
from tui.insight.whole_run import WholeRun
from tui.run.times import ENOUGH, median_times, times_of
from tui.run.work_time import busy, work_time
from tui.text import seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tui.insight.advice.finding import Change, Finding
    from tui.run.state import RunState
    from tui.run.times import Times

LEAST_SHARE = 0.05
"""The share of a run's time that advice saves at least."""

LEAST_SECONDS = 10.0
"""The seconds of a real run that advice saves at least."""

_MOST = 40  # findings that are simulated, and
_LIKE = 5  # runs of its like, so that it stays quick
_NEARLY_ALL = 0.9
_RULES = (ordering.find, pods.find, pulls.find, builds.find)


@dataclass(frozen=True, slots=True)
class Advice:
    """A change that is worth making; times in seconds.

    Attributes:
        rule: Its name: `barrier`, `limit`, `need`, `prefetch`, `probe`, `pull` or `build-cache`.
        title: What to do, in one line.
        task: The task that it is about; empty for all.
        saves: How much earlier the run would have ended: the median where there are runs of its like.
        least: The least that it would have saved in a run of its like, this one included.
        most: The most.
        runs: In how many runs that was simulated.
        why: What was seen.
        caveat: What to make sure of first.
        how: How to do it, in words.
        command: The command to do it with, if it is one.
        change: The change to the plan or to its files, if it is one.
    """

    rule: str
    title: str
    task: str
    saves: float
    least: float
    most: float
    runs: int
    why: str
    caveat: str
    how: str
    command: tuple[str, ...] = ()
    change: Change | None = None

    @property
    def saving(self) -> str:
        """What it saves, with its spread, in words."""
        if self.runs < 2:
            return f"saves {seconds(self.saves)}, by one run: how much that varies is not known"
        return (
            f"saves {seconds(self.saves)} ({seconds(self.least)} to {seconds(self.most)} in {self.runs} runs)"
        )


@dataclass(frozen=True, slots=True)
class Advised:
    """What is advised, and what it is measured by.

    Attributes:
        advice: The advice, what saves the most first.
        seconds: How long the run took.
        floor: The length of its critical path if nothing but needs held a task back, on cores without end.
        why_none: Why nothing is advised; empty where something is.
    """

    advice: tuple[Advice, ...]
    seconds: float
    floor: float
    why_none: str = ""


def advise(
    state: RunState,
    like: Iterable[RunState] = (),
    times: Sequence[Times] | None = None,
) -> Advised:
    """Return what to change in a plan.

    Something is advised where it saves a twentieth of the run, ten seconds, and more than runs of its like
    differ; all by simulation of this run and of those.

    Args:
        state: The run; it has come up.
        like: Runs of its like, without it; looked at only if something is found.
        times: How long these took; by default that is taken from them.
    """
    if times is None:
        like = [*like]
        times = [times_of(each) for each in like]
    now = state.known_until
    whole = WholeRun.of(state, EMPTY, now)
    took, floor = work_time(busy(state, now)), _floor(whole)
    if state.result != "succeeded":
        return Advised((), took, floor, "the run did not come up, so its times say little")
    if state.started is None or state.started.purpose != "up":
        return Advised((), took, floor, "the run brought nothing up")
    differ = _differ(state, times)
    least = max(LEAST_SHARE * took, LEAST_SECONDS / _speed(state), differ)
    simulated = whole.makespan
    found = islice(chain.from_iterable(rule(state) for rule in _RULES), _MOST)
    sure = [
        (finding, saved)
        for finding in found
        if (saved := _saved(finding, whole, simulated, state) or 0.0) >= least
    ]
    others = [(WholeRun.of(each, EMPTY, each.at), each) for each in islice(like, _LIKE)] if sure else []
    advice = [_weighed(finding, saved, state, others) for finding, saved in sure]
    advice = sorted((each for each in advice if each.saves >= least), key=lambda each: -each.saves)
    advice = _without_overlap(advice)
    return Advised(tuple(advice), took, floor, "" if advice else _why_none(took, floor, least, differ))


def _saved(finding: Finding, whole: WholeRun, took: float, state: RunState) -> float | None:
    """Return what a finding would have saved in a run; None where that does not tell."""
    changed = finding.changed(whole, state)
    return None if changed is None else took - changed.makespan


def _weighed(
    finding: Finding, saved: float, run: RunState, others: Sequence[tuple[WholeRun, RunState]]
) -> Advice:
    """Return a finding as advice, with what it would have saved in a run and in those of its like."""
    same = ((whole, state) for whole, state in others if _is_same_plan(finding, run, state))
    more = (_saved(finding, whole, whole.makespan, state) for whole, state in same)
    savings = [saved, *(each for each in more if each is not None)]
    return Advice(
        finding.rule,
        finding.title,
        finding.task,
        median(savings),
        min(savings),
        max(savings),
        len(savings),
        finding.why,
        finding.caveat,
        finding.how,
        finding.command,
        finding.change,
    )


def _is_same_plan(finding: Finding, one: RunState, other: RunState) -> bool:
    """Return whether a run's plan had the same needs and phases as another's, and the same task to change."""
    digests = [
        {task.id: task.digest for phase in state.started.phases for task in phase.tasks}
        for state in (one, other)
        if state.started
    ]
    return one.graph.nodes == other.graph.nodes and len({each.get(finding.task) for each in digests}) == 1


def _without_overlap(advice: Sequence[Advice]) -> list[Advice]:
    """Return advice without mode `eager`, or without what that mode does too: to run steps ahead."""
    saves = {each.rule: each.saves for each in advice}
    ahead, eager = saves.get("prefetch", 0.0), saves.get("barrier", 0.0)
    needless = "barrier" if ahead >= _NEARLY_ALL * eager else "prefetch"
    return [each for each in advice if each.rule != needless or not (ahead and eager)]


def _floor(whole: WholeRun) -> float:
    free = replace(whole, profile=replace(whole.profile, cores=float("inf")), limit=None)
    return free.in_mode("eager").makespan


def _speed(state: RunState) -> float:
    return state.started.speed if state.started else 1.0


def _differ(state: RunState, like: Sequence[Times]) -> float:
    """Return the seconds by which runs of one like differ anyway; 0 where too few tell."""
    runs = [times_of(state), *like]
    return median_times(runs).tolerance if len(runs) >= ENOUGH else 0.0


def _why_none(took: float, floor: float, least: float, differ: float) -> str:
    near = f"it took {seconds(took)}, and {seconds(floor)} is the least that its needs allow"
    spread = ", by which runs of its like differ anyway" if differ >= least else ""
    return f"no change that is known of would save {seconds(least)} or more{spread}; {near}"
