"""Images that nodes pulled while their pods were waited for, though they could have been there before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.insight.advice.finding import Finding, LoadImages
from tui.insight.profile import StepParts
from tui.plan.contention import Part
from tui.plan.graph import Graph, Node
from tui.plan.kinds import CREATING
from tui.run.work_time import Interval, time_at_work, union, work_time
from tui.text import one_line, plural, seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tui.insight.advice.finding import Changed
    from tui.insight.whole_run import WholeRun
    from tui.run.attempt_state import AttemptState, SpanState
    from tui.run.state import RunState

_ENDS_WITHIN = 2.0  # seconds after its last pod in which a step ends that waited for pods alone


def find(state: RunState) -> Iterator[Finding]:
    """Yield the tasks that waited for nodes to pull, where pulls and loads run ahead of their tasks."""
    load = max((span.seconds for span in _spans(state, "load")), default=None)
    creation = next((task.id for task in state.tasks.values() if CREATING & {*task.kinds}), None)
    if creation is None or load is None or not state.may_prefetch:
        return
    for task in state.tasks.values():
        attempt = task.attempt
        if attempt is None or attempt.outcome != "succeeded" or task.id == creation:
            continue
        pulls = [span for span in attempt.spans if span.name == "pull" and _is_waited_for(task.kinds, span)]
        images = tuple(dict.fromkeys(span.subject for span in pulls))
        if not images or any("@" in image for image in images):
            continue  # what is named by its digest cannot be loaded
        yield Finding(
            "pull",
            f"load {', '.join(images)} instead of having nodes pull {'it' if len(images) == 1 else 'them'}",
            task=task.id,
            why=f"{one_line(task.title)} waited for {plural(len(pulls), 'pull')} of"
            f" {seconds(work_time(_union(pulls)))} by nodes, which begin only once there are pods",
            caveat="pods with `imagePullPolicy: Always` pull all the same",
            how="pull them on the host and load them, which runs ahead while the cluster is created",
            change=LoadImages(task.id, images),
            changed=_loaded(task.id, images, creation, load),
        )


def _loaded(task: str, images: Sequence[str], creation: str, load: float) -> Changed:
    def changed(run: WholeRun, state: RunState) -> WholeRun | None:
        attempt = state.tasks[task].attempt if task in state.tasks else None
        if attempt is None or task not in run.graph.nodes or creation not in run.graph.nodes:
            return None
        pulls = [span for span in attempt.spans if span.name == "pull" and span.subject in images]
        factors: dict[tuple[str, int | None], float] = {}
        for number in {span.step for span in pulls}:
            step = next((each for each in attempt.steps if each.step == number), None)
            if step is None or step.finished is None or step.finished <= step.started:
                return None
            took, saved = step.finished - step.started, _saved(attempt, number, pulls)
            factors[task, number] = max(took - saved, 0.0) / took
        pulled = sum(pull.seconds for pull in pulls)
        nodes = dict(run.graph.nodes)
        nodes["pull"] = Node("pull", 0, ())
        nodes["load"] = Node("load", nodes[creation].phase, ("pull", creation))
        nodes[task] = nodes[task]._replace(needs=(*nodes[task].needs, "load"))
        run = run.scaled(factors)
        tasks = {
            **run.profile.tasks,
            "pull": [StepParts(0, (Part(pulled),))],
            "load": [StepParts(0, (Part(load * len(images)),))],
        }
        if {"pull", "load"} & run.graph.nodes.keys():
            return None
        return replace(run.with_graph(Graph(nodes.values())), profile=replace(run.profile, tasks=tasks))

    return changed


def _saved(attempt: AttemptState, number: int, pulls: Sequence[SpanState]) -> float:
    """Return how much sooner the last pod of a step would have been ready without pulls."""
    gaps = _union(pulls)
    ready = [s for s in attempt.spans if s.step == number and s.name == "ready" and s.finished is not None]
    step = next(each for each in attempt.steps if each.step == number)
    end = max((span.finished or 0.0 for span in ready), default=0.0)
    if not ready or (step.finished or 0.0) - end > _ENDS_WITHIN:
        return 0.0
    starts = {s.subject: s for s in attempt.spans if s.step == number and s.name == "start"}
    without = []
    for span in ready:
        start = starts.get(span.subject)
        lost = 0.0
        if start is not None and start.finished is not None:
            whole = start.finished - start.started
            lost = whole - time_at_work(start.started, start.finished, gaps)
        without.append((span.finished or 0.0) - lost)
    return end - max(without)


def _is_waited_for(kinds: Sequence[str], span: SpanState) -> bool:
    return span.step < len(kinds) and kinds[span.step] == "kubernetes.wait" and span.finished is not None


def _spans(state: RunState, name: str) -> Iterator[SpanState]:
    for task in state.tasks.values():
        for attempt in task.attempts:
            yield from (span for span in attempt.spans if span.name == name)


def _union(spans: Iterable[SpanState]) -> list[Interval]:
    return union((span.started, span.finished or span.started) for span in spans)
