"""What holds tasks back for nothing: phases, a limit, needs of what is not used, places of steps."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from tui.insight.advice.finding import DropNeeds, Finding, RemoveLimit
from tui.insight.run_ahead import creations_of, early_steps
from tui.plan.address import DEFAULT, LOCAL
from tui.plan.graph import CycleError, Graph, Node
from tui.plan.kinds import CREATING
from tui.text import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.insight.advice.finding import Changed
    from tui.insight.whole_run import WholeRun
    from tui.run.state import RunState

_IMAGES_ONLY = ("image.build", "image.pull", "image.deliver", "kind.load")
_WITHOUT_IMAGES = (
    *(*CREATING, "kubernetes.namespace", "kubernetes.pull_secret"),
    *("postgres.migrate", "postgres.verify"),
)
_OF_NODES = "what its nodes are made of is such an image, too: leave a need of that"


def find(state: RunState) -> Iterator[Finding]:
    """Yield what holds tasks back for nothing."""
    yield from _barrier(state)
    if state.limit is not None:
        yield _limit(state.limit)
    yield from _needs(state)
    yield from _prefetch(state)


def _barrier(state: RunState) -> Iterator[Finding]:
    if len(state.modes) != 1 or state.mode == "eager":
        return
    held = "for every earlier task" if state.mode == "sequential" else "for all of the phase before theirs"
    yield Finding(
        "barrier",
        "bring it up in mode `eager`",
        why=f"in mode `{state.mode}` tasks waited {held}, not only for what they need",
        caveat="a task that relies on an earlier one without naming it among its `needs` would fail",
        how="use the mode once, and keep it if all comes up",
        command=(*_again(state), "--mode", "eager"),
        changed=lambda run, _: run.in_mode("eager"),
    )


def _again(state: RunState) -> tuple[str, ...]:
    """Return the command that brings a run's plan up again as it did."""
    started = state.started
    if started is None:
        return ("bringup", "up")
    options = [("--values", file) for file in started.files]
    options += [("--set", setting) for setting in started.settings]
    if (host := started.hosts.get(DEFAULT, LOCAL)) != LOCAL:
        options.append(("--host", host))
    return ("bringup", "up", started.path, *chain.from_iterable(options))


def _limit(limit: int) -> Finding:
    return Finding(
        "limit",
        "remove the limit of tasks at once",
        why=f"tasks that could have started waited because {limit} ran already",
        caveat="more at once takes more memory",
        how="remove `limit` from the plan",
        change=RemoveLimit(),
        changed=lambda run, _: replace(run, limit=None),
    )


def _needs(state: RunState) -> Iterator[Finding]:
    """Find needs of tasks that only make images, by tasks that use none of them."""
    for task in state.tasks.values():
        for need in task.needs:
            needed = state.tasks[need]
            if not needed.kinds or not {*needed.kinds} <= {*_IMAGES_ONLY}:
                continue
            if not task.kinds or not {*task.kinds} <= {*_WITHOUT_IMAGES}:
                continue
            if _others_need(state, task.id, need):
                mine, its = one_line(task.title), one_line(needed.title)
                yield Finding(
                    "need",
                    f"let {mine} start without {its}",
                    task=task.id,
                    why=f"{its} only makes images, and {mine} uses none of them",
                    caveat=_OF_NODES if CREATING & {*task.kinds} else "",
                    how=f"remove `{need}` from the needs of task `{task.id}`",
                    change=DropNeeds(task.id, (need,)),
                    changed=_without_needs(task.id, (need,)),
                )


def _others_need(state: RunState, task: str, need: str) -> bool:
    """Return whether all that need the task name the other one themselves, so that they still wait for it."""
    return all(need in other.needs for other in state.tasks.values() if task in other.needs)


def _without_needs(task: str, needs: tuple[str, ...]) -> Changed:
    def changed(run: WholeRun, _: RunState) -> WholeRun | None:
        if task not in run.graph.nodes or not {*needs} <= {*run.graph.nodes[task].needs}:
            return None
        return _with_nodes(
            run,
            (
                node._replace(needs=tuple(id_ for id_ in node.needs if id_ not in needs))
                if node.id == task
                else node
                for node in run.graph.nodes.values()
            ),
        )

    return changed


def _prefetch(state: RunState) -> Iterator[Finding]:
    """Find pulls, builds and loads that waited for their tasks' places, where none ran ahead."""
    if state.may_prefetch or state.mode != "parallel" or len(state.modes) != 1:
        return
    steps = early_steps(state, barriers=True)
    titles = [
        one_line(title) for id_, early in steps.items() for title in state.tasks[id_].steps[: early.on_nodes]
    ]
    if titles:
        more = f" and {plural(len(titles) - 1, 'other')}" if len(titles) > 1 else ""
        yield Finding(
            "prefetch",
            "let pulls, builds and loads run ahead of their tasks",
            why=f"`{titles[0]}`{more} waited for what they do not need",
            caveat="more at once takes more memory",
            how="use the option once, and keep it if all comes up",
            command=(*_again(state), "--prefetch"),
            changed=_ahead,
        )


def _ahead(run: WholeRun, state: RunState) -> WholeRun | None:
    """Return a run in which steps that may run ahead are tasks of their own.

    Each is in the first phase that has all it waits for, which it then holds up: at worst the run gains more.
    """
    nodes, tasks = dict(run.graph.nodes), dict(run.profile.tasks)
    creations = creations_of(state)
    for id_, early in early_steps(state, barriers=True).items():
        if id_ not in nodes or id_ not in tasks:
            return None
        waits = {*early.after, *(creations[each].task for each in early.clusters if each in creations)}
        if id_ in waits or not waits <= nodes.keys():
            continue
        phase = max((nodes[other].phase for other in waits), default=0)
        first = [each for each in tasks[id_] if 0 <= each.step < early.on_nodes]
        tasks[id_] = [each for each in tasks[id_] if each not in first]
        tasks[f"{id_} ahead"] = first
        nodes[f"{id_} ahead"] = Node(f"{id_} ahead", phase, tuple(sorted(waits)))
        nodes[id_] = nodes[id_]._replace(needs=(*nodes[id_].needs, f"{id_} ahead"))
    return _with_nodes(replace(run, profile=replace(run.profile, tasks=tasks)), nodes.values())


def _with_nodes(run: WholeRun, nodes: Iterable[Node]) -> WholeRun | None:
    try:
        return run.with_graph(Graph(nodes))
    except CycleError:
        return None
