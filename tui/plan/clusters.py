"""Which cluster each part of a plan is for, and what is wrong with that; on plain values of any shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.plan.document import get
from tui.plan.faults import Fault, shown, suggest
from tui.plan.walk import items_at, tasks_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tui.plan.document import Document, Path_
    from tui.plan.include import Included

    Finding = tuple[Path_, Fault]


def clusters_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the clusters of a plan, of whatever shape, by their names as `Plan` has them."""
    several, one = data.get("clusters"), data.get("cluster")
    found = {str(name): each for name, each in several.items()} if isinstance(several, dict) else {}
    return found if one is None else {"": one, **found}


def assign_clusters(data: dict[str, Any], document: Document, included: Sequence[Included]) -> None:
    """Name the cluster of each step and forward of a plan with several, where it does not name it itself.

    It is that of its task, else of the innermost plan that is included for one, else the first. A name that
    is no cluster's is passed over: it is told where it is written.

    Args:
        data: The plan, filled in, of whatever shape.
        document: The plan as it is written.
        included: The plans that it includes.
    """
    several = data.get("clusters")
    if not isinstance(several, dict) or not several:
        return
    including = {each.name: get(data, (*each.path, "cluster")) for each in included}
    for path, part, task in _assigned(data):
        if isinstance(part, dict) and part.get("cluster") is None:
            named = [get(task, ("cluster",)), *(including.get(name) for name in document.scope(path).names)]
            part["cluster"] = next((str(name) for name in named if str(name) in several), next(iter(several)))


def check_clusters(data: dict[str, Any], document: Document) -> Iterator[Finding]:
    """Yield what is wrong with a plan's clusters, and with where they are named.

    Args:
        data: The plan, filled in and settled, of whatever shape.
        document: The plan as it is written.
    """
    several = data.get("clusters")
    if several is not None and data.get("cluster") is not None:
        hint = "move it into `clusters`, as its first: that one is meant where nothing is said"
        cause = "a plan has either `cluster` or `clusters`"
        yield ("cluster",), Fault(document.keys.get(("cluster",), document.place(("cluster",))), cause, hint)
        return
    known = {str(name): each for name, each in several.items()} if isinstance(several, dict) else {}
    yield from _alike(known, document)
    for path, part in (*_around(data), *((path, part) for path, part, _ in _assigned(data))):
        name = part.get("cluster") if isinstance(part, dict) else None
        if isinstance(name, str | int | float) and str(name) not in known:
            where = (*path, "cluster")
            yield where, Fault(document.place(where), *_unknown(str(name), known, data))


def _unknown(name: str, known: dict[str, Any], data: dict[str, Any]) -> tuple[str, str]:
    """Return the cause and the hint of a name that is no cluster's."""
    if known:
        return f"{shown(name)} is no cluster of the plan", suggest(name, known)
    if data.get("cluster") is not None:
        hint = "remove it, or name several: clusters: {NAME: {…}, NAME: {…}} in place of `cluster`"
        return "the plan has one cluster, for which all its steps are", hint
    return "the plan has no clusters", f"add to the plan: clusters: {{{name}: {{name: …, kubeconfig: …}}}}"


def _around(data: dict[str, Any]) -> Iterator[tuple[Path_, Any]]:
    """Yield what may name a cluster for its parts, each with its path."""
    yield from items_at(data, ("include",))
    yield from tasks_in(data)


def _assigned(data: dict[str, Any]) -> Iterator[tuple[Path_, Any, Any]]:
    """Yield what is for a cluster, each with its path and, of a task's step, the task."""
    for key in ("forwards", "failed", "down"):
        for path, item in items_at(data, (key,)):
            yield path, item, None
    for at, task in tasks_in(data):
        for path, step in items_at(task, (*at, "steps")):
            yield path, step, task


def _alike(clusters: dict[str, Any], document: Document) -> Iterator[Finding]:
    """Find clusters that are one: names and contexts must tell them apart, also in one kubeconfig."""
    seen: dict[str, str] = {}
    for name, cluster in clusters.items():
        key = "context" if get(cluster, ("context",)) else "name"
        called = get(cluster, (key,))
        if not isinstance(called, str | int | float):
            continue
        marks = [f"context {called}"]
        if key == "name":
            marks = [f"context {get(cluster, ('provider',)) or 'kind'}-{called}", f"name {called}"]
        other = next((seen[mark] for mark in marks if mark in seen), None)
        if other is not None:
            where = ("clusters", name, key)
            cause = f"{shown(name)} and {shown(other)} are one cluster, {shown(str(called))}"
            yield where, Fault(document.place(where), cause, f"give it a {key} of its own")
        seen |= dict.fromkeys(marks, name)
