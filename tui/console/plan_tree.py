"""A plan as a tree, and what lint says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.secrets import Masker, masked
from tui.text import one_line, plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tui.console.style import Style
    from tui.plan.lint import Remark
    from tui.plan.load import LoadedPlan
    from tui.plan.model import Task


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
                yield style(branch, "dim") + step.describe() + unwanted
    if plan.cluster and plan.cluster.stands:
        yield style(f"in the cluster of context {one_line(plan.cluster.context)}, which stands", "dim")
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


def _facts(task: Task, loaded: LoadedPlan) -> str:
    """Return a task's id, and what else is set for it."""
    facts = [task.id]
    place = loaded.place(task.id)
    facts += [f"{one_line(place.file)}:{place.line}"] if place.file != loaded.document.file else []
    facts += [f"on {task.host}"] if task.host else []
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
