"""Reading a plan: its document, its variables, its models, and the checks between them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tui.plan.clusters import assign_clusters
from tui.plan.consistency import check
from tui.plan.document import Document, Path_, get
from tui.plan.each import EACH, name_families
from tui.plan.faults import MOST_FAULTS, Fault, Place, PlanError
from tui.plan.graph import ON_FAILURE, Graph
from tui.plan.messages import explain
from tui.plan.model import Plan
from tui.plan.output_uses import check_outputs
from tui.plan.outputs import have_outputs, may_be_used, template
from tui.plan.own_namespaces import NAMESPACES, namespaces_in
from tui.plan.schema import closed_schema
from tui.plan.secret_values import secret_values
from tui.plan.settle import name_needs, name_wholes, settle
from tui.plan.sources import check_files
from tui.plan.substitute import UndefinedError, as_text, each_text, fill, find
from tui.plan.values import MAY_BE_MISSING, MissingError
from tui.plan.wanted import with_failed_phase, without_unwanted
from tui.plan.written import read_written
from tui.secrets import Masker, secrets_in
from tui.text import cut

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from tui.plan.variables import Variables

_MOST_LETTERS = 60  # of an item in an error


@dataclass(frozen=True)
class LoadedPlan:
    """A plan with its file, values and settings.

    Attributes:
        plan: The plan.
        graph: Its tasks and needs.
        path: Its file.
        variables: Its variables' final values.
        document: The file's values with their places.
        digest: Checksum over file and variables: the same means the same work.
        files: The --values files.
        settings: The --set settings.
        missing: The paths of files and directories that it names and that are not there, each with its fault.
    """

    plan: Plan
    graph: Graph
    path: Path
    variables: dict[str, Any]
    document: Document
    digest: str
    files: tuple[Path, ...] = ()
    settings: tuple[str, ...] = ()
    missing: tuple[tuple[Path_, Fault], ...] = ()

    def require_files(self) -> None:
        """Make sure that all files are there that the plan names.

        Raises:
            PlanError: Some are missing.
        """
        if self.missing:
            raise PlanError(fault for _, fault in self.missing)

    def place(self, task: str, *path: str | int, text: str = "") -> Place:
        """Return the place of a task, of a part of it such as `"steps", 0`, or of a text in that."""
        whole = ("failed", *path[1:]) if task == ON_FAILURE else (*self._paths[task], *path)
        return self.document.place_of(whole, text) if text else self.document.place(whole)

    @cached_property
    def _paths(self) -> dict[str, Path_]:
        return {
            task.id: ("phases", p, "tasks", t)
            for p, phase in enumerate(self.plan.phases)
            for t, task in enumerate(phase.tasks)
        }


def load_plan(path: Path, files: Sequence[Path] = (), settings: Sequence[str] = ()) -> LoadedPlan:
    """Read and check a plan, and that the files are there that it names.

    Raises:
        PlanError: Something is wrong; every fault found has its file, line and column.
    """
    loaded = load_without_files(path, files, settings)
    loaded.require_files()
    return loaded


def load_without_files(path: Path, files: Sequence[Path] = (), settings: Sequence[str] = ()) -> LoadedPlan:
    """Read and check a plan. The files that it names may be missing: looking at a plan needs none of them.

    Args:
        path: The plan's file.
        files: Files of variables, later ones over earlier ones.
        settings: `key.path=value`, over the files.

    Raises:
        PlanError: Something is wrong; every fault found has its file, line and column.
    """
    written = read_written(path, files, settings)
    document, variables, included = written.document, written.variables, written.included
    reading = _Reading(document, variables, written.items)
    data = reading.filled() | {"variables": variables.resolved()}
    if included:
        name_needs(data, document, written.families)
    settle(data, document, included)
    assign_clusters(data, document, included)
    name_families(data, written.families)
    name_wholes(data, document, included)
    reading.faults += variables.faults
    plan = reading.validated(data)
    reading.take(check(data, data["variables"], document))
    if plan is not None:
        plan = with_failed_phase(without_unwanted(plan))
        reading.faults += check_files(plan, document)
    missing = [fault for _, fault in reading.missing]
    if reading.faults or plan is None:
        faults = _without_secrets(dict.fromkeys((*reading.faults, *missing)), data)
        raise PlanError(sorted(faults, key=lambda fault: fault.place))
    loaded = LoadedPlan(
        plan,
        Graph.of(plan),
        path,
        plan.variables,
        document,
        written.digest(plan.variables),
        tuple(files),
        tuple(settings),
        tuple(zip((path for path, _ in reading.missing), _without_secrets(missing, data), strict=True)),
    )
    if wrong := list(check_outputs(plan, loaded.graph, loaded.place)):
        raise PlanError(wrong)
    return loaded


def _without_secrets(faults: Iterable[Fault], data: Mapping[str, Any]) -> list[Fault]:
    """Return faults with the plan's secrets masked where they show them."""
    # Variables are looked at on their own too: a password given for a user's name stays a secret.
    masker = Masker((*secrets_in(data["variables"]), *secret_values(data)))
    return [Fault(fault.place, masker.mask_cut(fault.cause), masker.mask_cut(fault.hint)) for fault in faults]


class _Reading:
    """A plan between document and model, with the faults found so far."""

    def __init__(self, document: Document, variables: Variables, items: Mapping[Path_, Any]) -> None:
        self.document = document
        self.variables = variables
        self.items = items
        self.faults: list[Fault] = []
        self.missing: list[tuple[Path_, Fault]] = []
        self._unfilled: set[Path_] = set()
        self._has_outputs = have_outputs(document)

    def take(self, found: Iterable[tuple[Path_, Fault]]) -> None:
        """Add faults, except those that follow from an undefined reference."""
        for path, fault in found:
            if len(self.faults) >= MOST_FAULTS:
                return
            if not any(path[:n] in self._unfilled for n in range(len(path) + 1)):
                self.faults.append(self._with_origin(path, fault))

    def filled(self) -> dict[str, Any]:
        """Return the document's values with all references outside `variables` filled in."""
        written = {
            key: value
            for key, value in self.document.value.items()
            if key != "variables" and not str(key).startswith("x-")  # those are for anchors
        }
        data = dict(self._with_keys(each_text(written, self._filled)))
        for (*at, number), item in self.items.items():
            get(data, tuple(at))[number][EACH] = item
        return data

    def _with_keys(self, value: Any, path: Path_ = ()) -> Any:
        """Return a value with the references in its keys filled in."""
        if isinstance(value, list):
            return [self._with_keys(item, (*path, i)) for i, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        return {
            as_text(self._filled(key, (*path, key))) if "${" in key else key: self._with_keys(
                item, (*path, key)
            )
            for key, item in value.items()
        }

    def _filled(self, text: str, path: Path_) -> Any:
        def look_up(name: str) -> Any:
            return self._value(name, path)

        try:
            later = template(text, look_up) if self._has_outputs else None
            if later is not None and path[:1] == ("include",):
                return text  # it is told where the included plan's variables are filled in
            if later is not None and not may_be_used(path):
                raise UndefinedError("an output cannot be used here", "only the steps of a task can use one")
            return fill(text, look_up) if later is None else later
        except UndefinedError as error:
            place = error.place or self.document.place_of(path, error.reference)
            if len(self.faults) < MOST_FAULTS:
                self.faults.append(Fault(place, error.cause, error.hint))
            self._unfilled.add(path)
            return text

    def _value(self, name: str, path: Path_) -> Any:
        if name.partition(".")[0] == EACH and path[:4] in self.items:
            item = self.items[path[:4]]
            try:
                return find({EACH: item}, name)
            except UndefinedError as error:
                error.cause = f"{error.cause} for the item {cut(as_text(item), _MOST_LETTERS)}"
                raise
        return self.variables.look_up(name, self.document.scope(path))

    def validated(self, data: dict[str, Any]) -> Plan | None:
        """Return the plan's model, or None if it is wrong."""
        if "folder" in data:
            place = self.document.keys["folder",]
            self.faults.append(Fault(place, "unknown key 'folder'", "${folder} is there by itself"))
        folder = self.document.scope(()).folder
        values, context = data | {"folder": folder}, {"folder": folder, NAMESPACES: namespaces_in(data)}
        try:
            return Plan.model_validate(values, context=context)
        except ValidationError as error:
            found = list(explain(error, data, self.document, closed_schema()))
            if any(isinstance(each.get("ctx", {}).get("error"), MissingError) for each in error.errors()):
                with contextlib.suppress(ValidationError):  # something else is wrong too
                    plan = Plan.model_validate(values, context={**context, MAY_BE_MISSING: True})
                    self.missing = [(path, self._with_origin(path, fault)) for path, fault in found]
                    return plan
            self.take(found)
            return None

    def _with_origin(self, path: Path_, fault: Fault) -> Fault:
        """Return a fault whose hint names the variable that a wrong value came from."""
        text = get(self.document.value, path)
        if not isinstance(text, str) or not text.startswith("${") or not text.endswith("}"):
            return fault
        origin = self.variables.origin(text[2:-1], self.document.scope(path))
        if origin is None:
            return fault
        said = f"the value is that of {text}, from {origin}"
        return Fault(fault.place, fault.cause, f"{said}; {fault.hint}" if fault.hint else said)
