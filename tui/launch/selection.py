"""Which tasks are run, and which have been done already."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from tui.launch.request import UsageError
from tui.plan.faults import suggest
from tui.plan.graph import ON_FAILURE
from tui.plan.output_uses import used_outputs
from tui.run.outline import outline, task_digest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.launch.request import Request
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan
    from tui.run.events import TaskOutline
    from tui.run.kept_run import KeptRun


def tasks_done(request: Request, loaded: LoadedPlan, earlier: KeptRun | None) -> dict[str, str]:
    """Return the tasks that are not to be run, with the run that did them, or "" where none has.

    Args:
        request: What was asked for.
        loaded: Its plan.
        earlier: The run that is resumed, if one is. What it did counts as long as neither the task nor what
            that needs has changed since.

    Raises:
        UsageError: A task is named that the plan does not have.
    """
    done = {} if earlier is None else _done_by(earlier, loaded)
    order = loaded.graph.order
    if request.begin is not None:
        first = order.index(known_task(request.begin, loaded.plan, "--from"))
        done = {id_: done.get(id_, "") for id_ in order[:first]}
    if request.only:
        wanted = {id_ for task in request.only for id_ in known_tasks(task, loaded.plan, "--only")}
        done = {id_: done.get(id_, "") for id_ in order if id_ not in wanted}
    done.pop(ON_FAILURE, None)
    if request.environment != "rehearsal":
        _make_outputs(done, loaded.plan, earlier.state.outputs if earlier else {})
    return done


def _make_outputs(done: dict[str, str], plan: Plan, known: Mapping[str, str]) -> None:
    """Take out of the tasks that are done those that make what others need and what was not kept.

    Raises:
        UsageError: The user has left one of them out.
    """
    pending = [task for task in plan.tasks if task.id not in done]
    while pending:
        task = pending.pop()
        for step in task.wanted_steps:
            names = plan.outputs.names(step)
            for name, _ in used_outputs(plan, step):
                maker, _ = plan.outputs.makers[names[name]]
                if maker.id not in done or names[name] in known:
                    continue
                if not done.pop(maker.id):
                    cause = f"task {task.id!r} uses output {name!r} of task {maker.id!r}, which is left out"
                    raise UsageError(cause, "run that too, or add --resume: an earlier run may have kept it")
                pending.append(maker)


def done_again(earlier: KeptRun, loaded: LoadedPlan, done: Mapping[str, str]) -> dict[str, str]:
    """Return the tasks that a resumed run did and that run again all the same, each with the reason.

    Args:
        earlier: The run that is resumed.
        loaded: The plan.
        done: The tasks that are not run.
    """
    before = {task.id: task for phase in earlier.started.phases for task in phase.tasks}
    now = {task.id: task for phase in outline(loaded.plan) for task in phase.tasks}
    found: dict[str, str] = {}
    for id_ in loaded.graph.order:
        state = earlier.state.tasks.get(id_)
        if state is None or state.status != "succeeded" or state.is_assumed or {id_} & {*done, ON_FAILURE}:
            continue
        need = next((need for need in loaded.graph.nodes[id_].needs if need not in done), None)
        if changed := _changed(before[id_], now[id_]) if earlier.started.digest != loaded.digest else "":
            found[id_] = changed
        elif need is not None:
            found[id_] = f"needs {need}"
    return found


def _changed(before: TaskOutline, now: TaskOutline) -> str:
    """Return what has changed of a task; empty if nothing has."""
    if before.digest == now.digest:
        return ""
    if before.steps != now.steps:
        return "its steps have changed"
    return "its needs have changed" if before.needs != now.needs else "what it is given has changed"


def _done_by(earlier: KeptRun, loaded: LoadedPlan) -> dict[str, str]:
    """Return the tasks that a run did, or took over from one that did, and that are still the same."""
    before = {task.id: task.digest for phase in earlier.started.phases for task in phase.tasks}
    same_plan = earlier.started.digest == loaded.digest
    done: dict[str, str] = {}
    tasks = {task.id: task for task in loaded.plan.tasks}
    for id_ in loaded.graph.order:
        state = earlier.state.tasks.get(id_)
        same = same_plan or (bool(before.get(id_)) and before[id_] == task_digest(loaded.plan, tasks[id_]))
        counts = state is not None and state.status == "succeeded" and not state.is_assumed
        if state and counts and same and all(need in done for need in loaded.graph.nodes[id_].needs):
            done[id_] = state.kept or earlier.id
    return done


def known_task(task: str, plan: Plan, option: str) -> str:
    """Return a task's name.

    Raises:
        UsageError: The plan has no task of that name.
    """
    ids = [each.id for each in plan.tasks]
    if task not in ids:
        raise UsageError(f"{option} {task}: the plan has no such task", suggest(task, ids))
    return task


def known_tasks(pattern: str, plan: Plan, option: str) -> list[str]:
    """Return the tasks that a name stands for, a pattern such as `load-*`, or the name of an included plan.

    Raises:
        UsageError: The plan has none of them.
    """
    ids = [task.id for task in plan.tasks]
    found = [id_ for id_ in ids if fnmatchcase(id_, pattern)] or [
        id_ for id_ in ids if plan.include and id_.startswith(f"{pattern}.")
    ]
    return found or [known_task(pattern, plan, option)]
