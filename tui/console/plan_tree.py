"""A plan as a tree, and what lint says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.plan.steps.command import ProgramStep
from tui.secrets import Masker, masked
from tui.text import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.console.style import Style
    from tui.plan.lint import Remark
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Plan, Task
    from tui.plan.steps import Step


def tree(loaded: LoadedPlan, style: Style) -> Iterator[str]:
    """Yield the lines that show a plan's phases, tasks, needs and steps, and its hosts; secrets masked."""
    mask = Masker(loaded.plan.secret_values).mask
    return map(mask, _lines(loaded, style))


def _lines(loaded: LoadedPlan, style: Style) -> Iterator[str]:
    plan = loaded.plan
    about = f"  {plan.name} · {one_line(loaded.document.file)}"
    yield style(plan.title or plan.name, "strong") + style(about, "dim")
    for number, phase in enumerate(plan.phases, 1):
        yield f"{number} {style(phase.name, 'strong')}"
        for task in phase.tasks:
            last = task is phase.tasks[-1]
            yield f"  {'└─' if last else '├─'} {task.name}  {style(_facts(task, loaded), 'dim')}".rstrip()
            for step in task.steps:
                branch = f"  {' ' if last else '│'}     {'└' if step is task.steps[-1] else '├'} "
                unwanted = "" if step.is_wanted else style(" · not wanted", "dim")
                where = style(_where(step, task), "dim")
                yield style(branch, "dim") + step.describe() + where + unwanted
    yield from _named_clusters(plan, style)
    for name, value in plan.environment.items():
        yield f"{name}={style(one_line(value), 'dim')}"
    wide = max(map(len, plan.hosts), default=0)
    for host, address in plan.hosts.items():
        yield f"{host:<{wide}}  {style(one_line(address), 'dim')}"
    if plan.limit:
        yield style(f"at most {plan.limit} tasks at once", "dim")
    for _, fault in loaded.missing:
        yield f"{style('!', 'warning')} {one_line(f'{fault.place}: {fault.cause}')}"
        if fault.hint:
            yield f"  hint: {one_line(fault.hint)}"
    if loaded.missing:
        yield "`bringup up` needs what is missing; a rehearsal does not: bringup up --env rehearsal"


def _named_clusters(plan: Plan, style: Style) -> Iterator[str]:
    """Yield a line for each of several clusters, or for one that stands."""
    wide = max(map(len, plan.clusters), default=0)
    for name, cluster in plan.clusters.items():
        standing = f"the cluster of context {one_line(cluster.context)}, which stands"
        if name:
            about = standing if cluster.stands else f"cluster {cluster.name}"
            yield f"{name:<{wide}}  {style(about, 'dim')}"
        elif cluster.stands:
            yield style(f"in {standing}", "dim")


def _cluster(step: Step) -> str:
    """Return which of several clusters a step speaks to; empty if to none of them."""
    return (step.cluster or "") if step.needs_cluster or isinstance(step, ProgramStep) else ""


def _clusters(task: Task) -> list[str]:
    """Return those of several clusters that a task's steps speak to."""
    return list(dict.fromkeys(filter(None, map(_cluster, task.steps))))


def _where(step: Step, task: Task) -> str:
    """Return in which cluster a step is, where the task does not say it, nor the step's title."""
    name = _cluster(step)
    told = len(_clusters(task)) < 2 or name in step.describe().split()
    return f" · in {name}" if name and not told else ""


def _facts(task: Task, loaded: LoadedPlan) -> str:
    """Return a task's id, and what else is set for it."""
    facts = [task.id]
    place = loaded.place(task.id)
    facts += [f"{one_line(place.file)}:{place.line}"] if place.file != loaded.document.file else []
    facts += [f"on {task.host}"] if task.host else []
    facts += [f"in {', '.join(clusters)}"] if (clusters := _clusters(task)) else []
    facts += [f"needs {', '.join(task.needs)}"] if task.needs else []
    facts += [f"timeout {task.timeout:g} s"] if task.timeout is not None else []
    facts += [f"up to {task.retry.attempts} attempts"] if task.retry else []
    return " · ".join(facts)


def as_data(loaded: LoadedPlan) -> dict[str, Any]:
    """Return a plan as JSON-like data, secrets masked."""
    data = loaded.plan.model_dump(mode="json", by_alias=True, exclude_none=True)
    if loaded.missing:
        data["missing"] = [{"place": str(fault.place), "text": fault.cause} for _, fault in loaded.missing]
    shown: dict[str, Any] = masked(data, Masker(loaded.plan.secret_values))
    return shown


def remarks(found: Sequence[Remark], style: Style) -> Iterator[str]:
    """Yield what lint found, each remark with its hint."""
    for remark in found:
        kind = "failed" if remark.level == "fault" else "warning"
        place, text = one_line(str(remark.place)), one_line(remark.text)
        yield f"{place}: {style(remark.level, kind)}: {text} [{remark.rule}]"
        if remark.hint:
            yield f"  hint: {one_line(remark.hint)}"
    faults = sum(remark.level == "fault" for remark in found)
    advice = len(found) - faults
    yield (
        f"{plural(faults, 'fault')}, {plural(advice, 'piece')} of advice" if found else "nothing to remark"
    )
