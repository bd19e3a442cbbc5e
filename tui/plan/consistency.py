"""The checks between a plan's parts, made on plain values so that they run on wrong plans too."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from tui.plan.address import DEFAULT, LOCAL
from tui.plan.clusters import check_clusters, clusters_in
from tui.plan.document import get
from tui.plan.faults import Fault, shown, suggest
from tui.plan.graph import ON_FAILURE, CycleError, Graph, Node
from tui.plan.steps import STEPS
from tui.plan.steps.cluster import PROVIDERS
from tui.plan.substitute import UndefinedError, find
from tui.plan.walk import items_at, steps_in, tasks_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tui.plan.document import Document, Path_
    from tui.plan.walk import Part

    Finding = tuple[Path_, Fault]


class _Task(NamedTuple):
    id: str
    path: Path_
    needs: tuple[tuple[str, Path_], ...]

    @property
    def phase(self) -> int:
        """The number of its phase."""
        return int(self.path[1])


def check(data: dict[str, Any], values: dict[str, Any], document: Document) -> Iterator[Finding]:
    """Yield what is wrong between a plan's parts.

    Args:
        data: The plan, filled in, of whatever shape.
        values: Its variables, filled in.
        document: The plan as it is written.
    """
    tasks = list(_tasks(data))
    phases = [found for path, phase in items_at(data, ("phases",)) for found in _texts(phase, path, "id")]
    yield from _repeated("phase", phases, document)
    yield from _repeated("task", [(task.id, (*task.path, "id")) for task in tasks], document)
    included = {scope.name for scope in document.scopes.values()} - {""}
    for task in tasks:
        if task.id == ON_FAILURE:
            where = (*task.path, "id")
            cause = f"{shown(ON_FAILURE)} is taken: it is the task of the steps of `failed`"
            yield where, Fault(document.place(where), cause, "rename it")
        if task.id in included:
            where = (*task.path, "id")
            cause = f"{shown(task.id)} is taken: a plan is included as that"
            yield where, Fault(document.place(where), cause, "rename one of them")
    broken = list(_unmet(tasks, phases, document))
    yield from broken or _circle(tasks, document)
    yield from _secrets(data, values, document)
    yield from _clusterless(data, document)
    yield from _of_another_provider(data, document)
    yield from check_clusters(data, document)
    yield from _homeless(data, document)
    yield from _kubeconfig_set(data, document)


def _kinds(steps: Iterable[Part]) -> Iterator[tuple[str, Path_]]:
    """Yield the kinds of steps, as far as they are known, with the steps' paths."""
    for path, step in steps:
        kind = step.get("kind") if isinstance(step, dict) else None
        if isinstance(kind, str) and kind in STEPS:
            yield kind, path


def _texts(data: Any, path: Path_, key: str) -> list[tuple[str, Path_]]:
    """Return the text or the list of texts at a key, each with its path; numbers count as text."""
    found = data.get(key) if isinstance(data, dict) else None
    pairs = (
        [(item, (*path, key, i)) for i, item in enumerate(found)]
        if isinstance(found, list)
        else [(found, (*path, key))]
    )
    return [
        (str(item), at)
        for item, at in pairs
        if isinstance(item, str | int | float) and not isinstance(item, bool)
    ]


def _tasks(data: dict[str, Any]) -> Iterator[_Task]:
    for path, task in tasks_in(data):
        for id_, _ in _texts(task, path, "id")[:1]:
            yield _Task(id_, path, tuple(_texts(task, path, "needs")))


def _repeated(what: str, found: list[tuple[str, Path_]], document: Document) -> Iterator[Finding]:
    first: dict[str, Path_] = {}
    for id_, path in found:
        if first.setdefault(id_, path) != path:
            cause = f"two {what}s are called {shown(id_)}"
            here, other = document.place(path), document.place(first[id_])
            where = f"on line {other.line}" if here.file == other.file else f"at {other}"
            yield path, Fault(here, cause, f"the other is {where}; rename one of them")


def _unmet(tasks: list[_Task], phases: list[tuple[str, Path_]], document: Document) -> Iterator[Finding]:
    """Find needs of unknown tasks, and of tasks in a later phase."""
    known = {task.id: task for task in tasks}
    for task in tasks:
        for need, path in task.needs:
            if need not in known:
                cause = f"{shown(task.id)} needs {shown(need)}, which is no task"
                hint = suggest(need, known)
                if any(need == name for name, _ in phases):
                    hint = "that is a phase: name its tasks, or write `barrier: meant` in the phase after it"
                yield path, Fault(document.place(path), cause, hint)
            elif known[need].phase > task.phase:
                cause = f"{shown(task.id)} needs {shown(need)} of a later phase"
                here, there = (_phase(phases, number) for number in (task.phase, known[need].phase))
                hint = f"move {need!r} to phase {here} or an earlier one"
                if document.scope(task.path) != document.scope(known[need].path):
                    hint = f"list phase {there} before {here} in the plan that includes the other"
                yield path, Fault(document.place(path), cause, hint)


def _phase(phases: list[tuple[str, Path_]], number: int) -> str:
    return next((repr(id_) for id_, at in phases if at[1] == number), "of this task")


def _circle(tasks: list[_Task], document: Document) -> Iterator[Finding]:
    """Find tasks that need each other in a circle."""
    try:
        Graph(Node(task.id, task.phase, tuple(need for need, _ in task.needs)) for task in tasks)
    except CycleError as error:
        begin, then = error.chain[:2]
        path = next(path for task in tasks if task.id == begin for need, path in task.needs if need == then)
        cause = f"tasks need each other in a circle: {error}"
        yield path, Fault(document.place(path), cause, "remove one of these needs")


def _secrets(data: dict[str, Any], values: dict[str, Any], document: Document) -> Iterator[Finding]:
    for name, path in _texts(data, (), "secrets"):
        try:
            if isinstance(find(values, name), dict):
                cause = f"{shown(name)} is a group of variables"
                yield path, Fault(document.place(path), cause, "name each of its variables that is secret")
        except UndefinedError as error:
            yield path, Fault(document.place(path), error.cause, error.hint)


def _clusterless(data: dict[str, Any], document: Document) -> Iterator[Finding]:
    """Find a step that needs the plan's cluster where the plan has none."""
    if clusters_in(data):
        return
    for where, _ in items_at(data, ("forwards",)):
        hint = "add to the plan: cluster: {name: …, kubeconfig: …}"
        cause = "a forward leads to the plan's cluster, and the plan has none"
        yield where, Fault(document.place(where), cause, hint)
    for kind, where in _kinds(steps_in(data)):
        if STEPS[kind].needs_cluster:
            cause = f"{kind} uses the plan's cluster, and the plan has none"
            hint = "add to the plan: cluster: {name: …, kubeconfig: …}"
            yield where, Fault(document.place(where), cause, hint)
            return


def _of_another_provider(data: dict[str, Any], document: Document) -> Iterator[Finding]:
    """Find steps that are named after another provider than the one that makes their cluster."""
    providers = {name: provider for name, each in clusters_in(data).items() if (provider := _provider(each))}
    further = (items_at(data, (key,)) for key in ("failed", "down"))
    for kind, where in _kinds(chain(steps_in(data), *further)):
        family, _, verb = kind.partition(".")
        provider = providers.get(str(get(data, (*where, "cluster")) or ""), family)
        if family in PROVIDERS and family != provider:
            cause = f"{kind} is for clusters of {family}, and the plan's is made by {provider}"
            hint = f"write {'image.deliver' if verb == 'load' else f'cluster.{verb}'}"
            yield where, Fault(document.place(where), cause, hint)


def _provider(cluster: Any) -> str:
    """Return what makes a cluster; empty if nothing does, or that is wrong."""
    if not isinstance(cluster, dict) or cluster.get("context"):
        return ""
    provider = cluster.get("provider", "kind")
    return provider if provider in PROVIDERS else ""


def _homeless(data: dict[str, Any], document: Document) -> Iterator[Finding]:
    """Find tasks on unknown hosts, and a host that is called like this machine."""
    hosts = data.get("hosts")
    if isinstance(hosts, dict) and hosts.get(LOCAL, LOCAL) != LOCAL:
        place = document.place(("hosts", LOCAL))
        cause = f"{shown(LOCAL)} is this machine, whatever the plan says"
        yield ("hosts", LOCAL), Fault(place, cause, "give it another name")
    known = [LOCAL, DEFAULT, *(map(str, hosts) if isinstance(hosts, dict) else ())]
    for path, task in tasks_in(data):
        for host, where in _texts(task, path, "host")[:1]:
            if host not in known:
                cause = f"{shown(host)} is no host of the plan"
                hint = suggest(host, known) if len(known) > 2 else "add it to `hosts: {NAME: ssh://…}`"
                yield where, Fault(document.place(where), cause, hint)


def _kubeconfig_set(data: dict[str, Any], document: Document) -> Iterator[Finding]:
    """Find a KUBECONFIG of the plan's own beside a cluster that has one."""
    environment = data.get("environment")
    if isinstance(environment, dict) and "KUBECONFIG" in environment and clusters_in(data):
        path = ("environment", "KUBECONFIG")
        cause = "KUBECONFIG leads to the plan's cluster by itself"
        yield path, Fault(document.place(path), cause, "remove it, or set another in `env` of a command")
