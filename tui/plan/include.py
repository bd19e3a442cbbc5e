"""Plans that include others: one document of all their files, each part with its place and its scope."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.plan.document import Document, Moves, Path_, moved, read_document, readable, several
from tui.plan.faults import Fault, PlanError, shown, suggest
from tui.plan.scope import NAME, Scope

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.plan.faults import Place

_MOST = 100
_OWN = ("cluster", "clusters", "hosts", "limit")
"""What the plan says that includes others, and they do not."""
_LISTS = ("include", "secrets", "endpoints", "forwards", "failed", "down")
_KNOWN = ("apiVersion", "name", "title", "variables", "environment", "phases", *_LISTS)

_OTHERS = {
    "services": "a Compose file",
    "tasks": "a Taskfile",
    "processes": "a file of process-compose",
    "jobs": "a workflow of a CI system",
    "resources": "a kustomization",
    "replicaCount": "a file of a chart's values",
}
"""Files of other tools, by a key that only they have."""


@dataclass(frozen=True, slots=True)
class Included:
    """A plan that is included.

    Attributes:
        document: Its file, with what that includes in turn.
        scope: What it is included as, and its directory.
        path: Where it is included, in the document of the whole plan.
    """

    document: Document
    scope: Scope
    path: Path_

    @property
    def name(self) -> str:
        """What it is included as, such as `ds` or `ds.cache`."""
        return self.scope.name


def read_plan(path: Path) -> tuple[Document, list[Included]]:
    """Read a plan's file and those that it includes.

    Returns:
        One document of all of them: phases of one id are one, and each part has the place and the scope of
        its file; and the plans that are included, each after the one that includes it.

    Raises:
        PlanError: A file cannot be read, is no plan, or includes itself.
    """
    return _Reading().read(path, readable(path))


def is_part(path: Path) -> bool:
    """Return whether a plan's file is one that others include: it has no name, and no cluster."""
    try:
        value = read_document(path).value
    except PlanError:
        return False
    return (
        isinstance(value, dict) and "phases" in value and not {"name", "cluster", "clusters"} & value.keys()
    )


class _Reading:
    """The files of a plan that are being read, from the plan's own to the innermost."""

    def __init__(self) -> None:
        self._open: list[tuple[Path, os.stat_result]] = []
        self._count = 0

    def read(self, path: Path, name: str) -> tuple[Document, list[Included]]:
        """Read a file, which has a name in errors; see `read_plan`."""
        document = read_document(path, name)
        _check_plan(document)
        if self._open:
            _check_part(document)
        folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - resolve() fails on symlink loops
        document.scopes[()] = Scope("", folder)
        items = document.value.get("include")
        if not isinstance(items, list) or not items:
            return document, []
        self._open.append((path, path.stat()))
        names: set[str] = set()
        parts: list[tuple[Document, list[Included]]] = []
        for number, item in enumerate(items):
            found = self._included(document, number, item, names)
            if found is not None:
                parts.append(found)
        self._open.pop()
        return _with_parts(document, parts)

    def _included(
        self, document: Document, number: int, item: Any, names: set[str]
    ) -> tuple[Document, list[Included]] | None:
        """Read what an item of `include` names; None where it is of a shape that the model refuses."""
        if not isinstance(item, dict) or not isinstance(item.get("plan"), str):
            return None
        at: Path_ = ("include", number)
        name = item.get("as")
        if not isinstance(name, str) or not re.match(NAME, name):
            return None
        if name in names:
            raise PlanError.at(
                document.place((*at, "as")), f"two plans are included as {shown(name)}", "rename one"
            )
        names.add(name)
        self._count += 1
        if self._count > _MOST:
            raise PlanError.at(document.place(at), f"more than {_MOST} plans are included")
        file = self._file(item["plan"], document.place((*at, "plan")), document.scope(()).folder)
        part, inner = self.read(file, _name_of(file, item["plan"], document))
        own = Included(part, part.scope(()).within(name), at)
        within = [replace(each, scope=each.scope.within(name)) for each in inner]
        return _named(part, name), [own, *within]

    def _file(self, text: str, place: Place, folder: Path) -> Path:
        """Return the file of a plan that is included.

        Raises:
            PlanError: There is none, or it is being read already.
        """
        if "${" in text:
            hint = "write the path itself; `when: ${flag}` chooses among several"
            raise PlanError.at(place, "the file of a plan that is included cannot depend on variables", hint)
        try:
            file = folder / Path(text).expanduser()
            file = file.resolve() if ".." in Path(text).parts else file
            state = file.stat()
        except (OSError, RuntimeError, ValueError) as error:
            cause = getattr(error, "strerror", "") or error
            hint = "a relative path begins at the directory of this file"
            hint = "only files of this machine are included: fetch it first" if "://" in text else hint
            raise PlanError.at(place, f"{shown(text)} cannot be read: {cause}", hint) from error
        if not file.is_file():
            raise PlanError.at(place, f"{shown(text)} is not a file", "name the file of the other plan")
        chain = [path for path, known in self._open if os.path.samestat(known, state)]
        if chain:
            files = [path for path, _ in self._open]
            circle = [*files[files.index(chain[0]) :], file]
            cause = f"plans include each other in a circle: {' → '.join(map(readable, circle))}"
            raise PlanError.at(place, cause, "take what both need into a third file")
        return file


def _name_of(file: Path, text: str, document: Document) -> str:
    """Return an included file's name in errors: that of the file that includes it, and the path in that."""
    beside = os.path.normpath(Path(document.file).parent / text)
    return beside if os.path.abspath(beside) == str(file) else readable(file)  # noqa: PTH100 - `..` goes


def _check_plan(document: Document) -> None:
    """Refuse a file that is no plan at all."""
    if not isinstance(document.value, dict):
        hint = "begin with `apiVersion: bringup/v1`"
        raise PlanError.at(document.place(()), "a plan must be a mapping", hint)
    if "kind" in document.value and "phases" not in document.value:
        hint = "name it under `manifests` of a `kubernetes.apply` step"
        raise PlanError.at(document.keys["kind",], "this is a Kubernetes object, not a plan", hint)
    if not {"apiVersion", "phases"} & document.value.keys():
        for key, what in _OTHERS.items():
            if key in document.value:
                hint = "name a plan; `bringup init` writes one of what a directory holds"
                raise PlanError.at(document.keys[key,], f"this is {what}, not a plan", hint)


def _check_part(document: Document) -> None:
    """Refuse what a plan cannot say that is included."""
    faults = []
    for key in document.value:
        place = document.keys.get((key,)) or document.place((key,))  # what is merged in has no key
        if key in _OWN:
            hint = "move it into the plan that includes this one"
            faults.append(Fault(place, f"a plan that is included cannot have {shown(key)}", hint))
        elif key not in _KNOWN and not key.startswith("x-"):
            faults.append(Fault(place, f"unknown key {shown(key)}", suggest(key, _KNOWN)))
    for key in ("phases", *_LISTS):
        written = document.value.get(key)
        if not isinstance(written, list | None) and not (key == "secrets" and isinstance(written, str)):
            cause = f"{key}: a list is expected here, not {shown(written)}"
            faults.append(Fault(document.place((key,)), cause, "begin each item with `- `"))
    if not isinstance(written := document.value.get("environment"), dict | None):
        cause = f"environment: a mapping is expected here, not {shown(written)}"
        faults.append(Fault(document.place(("environment",)), cause))
    version = document.value.get("apiVersion", "bringup/v1")
    if version != "bringup/v1":
        cause = f"apiVersion: must be 'bringup/v1', not {shown(version)}"
        faults.append(Fault(document.place(("apiVersion",)), cause))
    if not (document.value.get("phases") or document.value.get("include")):
        faults.append(Fault(document.place(()), "the key 'phases' is missing", "say what it brings up"))
    if faults:
        raise PlanError(faults)


def _named(document: Document, name: str) -> Document:
    """Return a plan's document under the name that it is included as: in its tasks' ids, and its secrets."""

    def renamed(task: Any) -> Any:
        if not isinstance(task, dict) or not isinstance(task.get("id"), str | int | float):
            return task
        return {**task, "id": f"{name}.{task['id']}"}

    value = dict(document.value)
    value["phases"] = [
        {**phase, "tasks": [renamed(task) for task in several(phase, "tasks")]}
        if isinstance(phase, dict) and several(phase, "tasks")
        else phase
        for phase in several(value, "phases")
    ]
    if "secrets" in value:
        secrets = several(value, "secrets")
        value["secrets"] = [f"{name}.{each}" if isinstance(each, str) else each for each in secrets]
    scopes = {path: scope.within(name) for path, scope in document.scopes.items()}
    return replace(document, value=value, scopes=scopes)


def _with_parts(
    own: Document, parts: Sequence[tuple[Document, list[Included]]]
) -> tuple[Document, list[Included]]:
    """Return a plan's document with what it includes, which comes first in each list."""
    documents = [*(part for part, _ in parts), own]
    moves: list[Moves] = [{} for _ in documents]
    whole = replace(own, value=dict(own.value), places={}, keys={}, texts={}, scopes=dict(own.scopes))
    _join_phases(whole, documents, moves)
    for key in _LISTS:
        _join_lists(whole, key, documents, moves)
    _join_environments(whole, documents, moves)
    for document, its in zip(documents, moves, strict=True):
        whole.texts |= document.texts
        whole.places |= moved(document.places, its, rest=document is own)
        whole.keys |= moved(document.keys, its, rest=document is own)
    included = [
        replace(each, path=(moves[number] if i else moves[-1])[each.path][0])
        for number, (_, found) in enumerate(parts)
        for i, each in enumerate(found)
    ]
    return whole, included


def _join_phases(whole: Document, documents: Sequence[Document], moves: Sequence[Moves]) -> None:
    own = documents[-1]
    if not isinstance(own.value.get("phases"), list | None):
        return  # the model says so
    phases, numbers = _ordered([several(document.value, "phases") for document in documents])
    tasks: list[list[Any]] = [[] for _ in phases]
    for document, its, places in zip(documents, moves, numbers, strict=True):
        for p, (at, phase) in enumerate(zip(places, several(document.value, "phases"), strict=True)):
            if document is not own and isinstance(phase, dict) and isinstance(phases[at], dict):
                for key in phase.keys() - phases[at].keys():
                    whole.scopes["phases", at, key] = document.scope(("phases", p, key))
                phases[at] = {**phase, **phases[at]}
            elif document is not own:
                phases[at] = phase
            its["phases", p] = [("phases", at)]
            for t, task in enumerate(several(phase, "tasks")):
                old: Path_ = ("phases", p, "tasks", t)
                new: Path_ = ("phases", at, "tasks", len(tasks[at]))
                its[old] = [new]
                whole.scopes[new] = document.scope(old)
                tasks[at].append(task)
    whole.value["phases"] = [
        {**phase, "tasks": found} if found and isinstance(phase, dict) else phase
        for phase, found in zip(phases, tasks, strict=True)
    ]


def _ordered(parts: Sequence[list[Any]]) -> tuple[list[Any], list[list[int]]]:
    """Return the phases of a plan with those of the plans that it includes, and where each has come.

    Args:
        parts: The phases of each plan; its own are the last.

    Returns:
        Its own phases, and an empty mapping for each further one, which is before the one that it precedes
        in the plan that is included, or else at the end; and for each part the numbers of its phases.
    """
    *included, own = parts
    ids = [_id(phase) or str(number) for number, phase in enumerate(own)]
    order = list(range(len(own)))
    for phases in included:
        at = len(order)
        for phase in reversed(phases):
            name = _id(phase)
            if name in ids:
                at = order.index(ids.index(name))
            else:
                order.insert(at, len(ids))
                ids.append(name)
    numbers = [[order.index(ids.index(_id(phase))) for phase in phases] for phases in included]
    made = [own[number] if number < len(own) else {} for number in order]
    return made, [*numbers, [order.index(number) for number in range(len(own))]]


def _join_lists(whole: Document, key: str, documents: Sequence[Document], moves: Sequence[Moves]) -> None:
    found: list[Any] = []
    if not isinstance(documents[-1].value.get(key), list | str | None):
        return  # the model says so
    for document, its in zip(documents, moves, strict=True):
        written = document.value.get(key)
        for i, item in enumerate(several(document.value, key)):
            old: Path_ = (key, i) if isinstance(written, list) else (key,)
            its[old] = [(key, len(found))]
            whole.scopes[key, len(found)] = document.scope(old)
            found.append(item)
    if found:
        whole.value[key] = found


def _join_environments(whole: Document, documents: Sequence[Document], moves: Sequence[Moves]) -> None:
    key = "environment"
    if not isinstance(whole.value.get(key, {}), dict):
        return
    for document, its in zip(documents, moves, strict=True):
        its |= {(key, name): [(key, name)] for name in _keys(document.value.get(key))}
        whole.scopes |= {(key, name): document.scope((key, name)) for name in _keys(document.value.get(key))}
        if _keys(document.value.get(key)):
            whole.value[key] = {**whole.value.get(key, {}), **document.value[key]}


def _keys(value: Any) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, dict) else ()


def _id(phase: Any) -> str:
    return str(phase.get("id")) if isinstance(phase, dict) else ""
