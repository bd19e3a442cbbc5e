"""What holds tasks back for nothing: phases, a limit, needs of what is not used, steps in the wrong task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tui.insight.advice.finding import DropNeeds, Finding, RemoveLimit, SplitTask
from tui.plan.graph import CycleError, Graph, Node
from tui.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.insight.advice.finding import Changed
    from tui.insight.whole_run import WholeRun
    from tui.plan.model import Plan, Task
    from tui.run.state import RunState

_IMAGES_ONLY = ("image.build", "image.pull", "kind.load")
_WITHOUT_IMAGES = (
    *("kind.create", "kubernetes.namespace", "kubernetes.pull_secret"),
    *("postgres.migrate", "postgres.verify"),
)
_AHEAD = ("image.build", "image.pull")
_WORTH_MOVING = 1.0  # seconds
_DIRECTORIES = "make sure that it needs nothing that an earlier task leaves in its directories"


def find(state: RunState, plan: Plan | None) -> Iterator[Finding]:
    """Yield what holds tasks back for nothing."""
    yield from _barrier(state)
    if state.limit is not None:
        yield _limit(state.limit)
    if plan is not None:
        yield from _needs(plan)
        yield from _splits(state, plan)


def _barrier(state: RunState) -> Iterator[Finding]:
    if len(state.modes) != 1 or state.mode == "eager":
        return
    path = state.started.path if state.started else ""
    held = "for every earlier task" if state.mode == "sequential" else "for all of the phase before theirs"
    yield Finding(
        "barrier",
        "bring it up in mode `eager`",
        why=f"in mode `{state.mode}` tasks waited {held}, not only for what they need",
        caveat="a task that relies on an earlier one without naming it among its `needs` would fail",
        how="use the mode once, and keep it if all comes up",
        command=("bringup", "up", path, "--mode", "eager"),
        changed=lambda run, _: run.in_mode("eager"),
    )


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


def _needs(plan: Plan) -> Iterator[Finding]:
    """Find needs of tasks that only make images, by tasks that use none of them."""
    tasks = {task.id: task for task in plan.tasks}
    for task in plan.tasks:
        for need in task.needs:
            needed = tasks[need]
            if _uses_nothing(task, needed) and _others_need(plan, task.id, need):
                mine, its = one_line(task.name), one_line(needed.name)
                yield Finding(
                    "need",
                    f"let {mine} start without {its}",
                    task=task.id,
                    why=f"{its} only makes images, and {mine} uses none of them",
                    caveat="",
                    how=f"remove `{need}` from the needs of task `{task.id}`",
                    change=DropNeeds(task.id, (need,)),
                    changed=_without_needs(task.id, (need,)),
                )


def _uses_nothing(task: Task, needed: Task) -> bool:
    made = {image for step in needed.steps for image in step.images_made}
    return all(step.kind in _IMAGES_ONLY for step in needed.steps) and all(
        step.kind in _WITHOUT_IMAGES and not made & {*step.images_used, *getattr(step, "images", ())}
        for step in task.steps
    )


def _others_need(plan: Plan, task: str, need: str) -> bool:
    """Return whether all that need the task name the other one themselves, so that they still wait for it."""
    return all(need in other.needs for other in plan.tasks if task in other.needs)


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


def _splits(state: RunState, plan: Plan) -> Iterator[Finding]:
    """Find images that are built or pulled only once something else has finished that they do not use."""
    upstream = Graph.of(plan)
    tasks = {task.id: task for task in plan.tasks}
    for number, phase in enumerate(plan.phases):
        for task in phase.tasks:
            before = [tasks[id_] for id_ in _upstream(upstream, task.id)]
            places = tuple(_movable(task, before, state))
            if len(places) == len(task.steps) and task.needs and _all_others_need(plan, task):
                yield _early(task)
            if not places or len(places) == len(task.steps) or not (number or task.needs or places[0]):
                continue
            titles = ", ".join(f"`{one_line(task.steps[i].describe())}`" for i in places)
            new = _free_id(f"{task.id}-images", tasks)
            yield Finding(
                "split",
                f"begin {titles} at the start, beside the rest",
                task=task.id,
                why=f"it waited for what it does not use: for {_waited_for(task, places)}",
                caveat=_DIRECTORIES,
                how=f"move it from task `{task.id}` into a task of its own, which that one needs",
                change=SplitTask(task.id, places, new),
                changed=_split(task.id, places, new),
            )


def _early(task: Task) -> Finding:
    """Return that a task which only makes images waits for others."""
    needs = ", ".join(f"`{need}`" for need in task.needs)
    return Finding(
        "need",
        f"let {one_line(task.name)} start at once",
        task=task.id,
        why=f"it only makes images, and uses nothing of {needs}, which it needs",
        caveat=_DIRECTORIES,
        how=f"remove {needs} from the needs of task `{task.id}`",
        change=DropNeeds(task.id, task.needs),
        changed=_without_needs(task.id, task.needs),
    )


def _all_others_need(plan: Plan, task: Task) -> bool:
    return all(_others_need(plan, task.id, need) or _is_met(plan, task, need) for need in task.needs)


def _is_met(plan: Plan, task: Task, need: str) -> bool:
    """Return whether all that need the task come after the other one anyway, by other needs."""
    graph = Graph.of(plan)
    for other in plan.tasks:
        if task.id in other.needs:
            rest = (id_ for id_ in other.needs if id_ != task.id)
            if not any(need == id_ or need in _upstream(graph, id_) for id_ in rest):
                return False
    return True


def _movable(task: Task, before: Iterable[Task], state: RunState) -> Iterator[int]:
    """Yield the places of steps that neither the task's earlier steps nor the tasks before it provide for."""
    earlier = [step for each in before for step in each.steps]
    attempt = state.tasks[task.id].attempt if task.id in state.tasks else None
    took = {
        step.step: step.finished - step.started
        for step in (attempt.steps if attempt else ())
        if step.finished is not None and step.changed
    }
    for i, step in enumerate(task.steps):
        provided = any(each.kind == "command" or each.images_made for each in earlier)
        if step.kind in _AHEAD and not provided and took.get(i, 0.0) >= _WORTH_MOVING:
            yield i
        else:
            earlier.append(step)


def _waited_for(task: Task, places: tuple[int, ...]) -> str:
    steps = [f"`{one_line(step.describe())}`" for step in task.steps[: places[0]]]
    return ", ".join([*(f"task `{need}`" for need in task.needs), *steps]) or "the phases before its own"


def _split(task: str, places: tuple[int, ...], new: str) -> Changed:
    def changed(run: WholeRun, _: RunState) -> WholeRun | None:
        steps = run.profile.tasks.get(task)
        if steps is None or task not in run.graph.nodes:
            return None
        moved = [each for each in steps if each.step in places]
        left = [each for each in steps if each.step not in places]
        nodes = (
            node._replace(needs=(*node.needs, new)) if node.id == task else node
            for node in run.graph.nodes.values()
        )
        profile = replace(run.profile, tasks={**run.profile.tasks, new: moved, task: left})
        return _with_nodes(replace(run, profile=profile), (Node(new, 0, ()), *nodes))

    return changed


def _with_nodes(run: WholeRun, nodes: Iterable[Node]) -> WholeRun | None:
    try:
        return replace(run, graph=Graph(nodes))
    except CycleError:
        return None


def _upstream(graph: Graph, task: str) -> set[str]:
    found: set[str] = set()
    left = [*graph.nodes[task].needs]
    while left:
        id_ = left.pop()
        if id_ not in found:
            found.add(id_)
            left += graph.nodes[id_].needs
    return found


def _free_id(wanted: str, taken: Iterable[str]) -> str:
    names = {*taken}
    return next(
        name for name in (wanted, *(f"{wanted}-{i}" for i in range(2, len(names) + 3))) if name not in names
    )
