"""What a wait waits for of an object that the plan names by kind and name, by the rules of `kubectl wait`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.actions.kubernetes.pods import describe
from tui.actions.kubernetes.target import Status, Target
from tui.plan.json_path import JsonPath
from tui.text import cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.kubernetes.api import Object
    from tui.clients.kubernetes.discovery import Discovery

_SHOWN = 60  # characters of a value in a message
_MOST_SHOWN = 3  # conditions in a message
_FINISHED = ("completionTime", "completionTimestamp", "finishedAt", "terminalState")
"""Where controllers, such as those of Tekton, Argo Workflows, Velero and JobSet, say that it is over."""


class Named(Target):
    """An object that the plan names by kind and name."""

    once = True
    is_of_status = True
    """Whether it is about the object's status, which changes no more once the object has ended."""

    def __init__(self, reference: str, namespace: str) -> None:
        self.reference = reference
        self.namespace = namespace
        self._word, _, self._name = reference.partition("/")
        self._kind = ""

    def __str__(self) -> str:
        return self.reference

    @property
    def source(self) -> str:
        """The object."""
        return self.reference

    @property
    def described(self) -> str:
        """The object."""
        return self.reference

    @property
    def query(self) -> Mapping[str, str]:
        """Its name."""
        return {"fieldSelector": f"metadata.name={self._name}"}

    async def locate(self, discovery: Discovery) -> str:
        """Return the path of its list, once the cluster knows its kind."""
        resource = await discovery.named(self._word)
        if resource is None:
            return ""
        self._kind, self.is_namespaced = resource.kind, resource.namespaced
        return resource.collection(self.namespace)

    def judge(self, items: Sequence[Object]) -> Status:
        """Return its state."""
        if items:
            judged, ended = self._judge(items[0]), how_ended(self._kind, items[0])
            if not ended or judged.ready or judged.stuck or not self.is_of_status:
                return judged
            verb = "logs" if self._kind in {"Pod", "Job"} else "describe"
            where = f" -n {self.namespace}" * self.is_namespaced
            hint = f"`kubectl{where} {verb} {self.reference}` says why; wait for what it becomes"
            return replace(judged, message=f"{judged.message}; {ended}", stuck=hint)
        absent = f"it does not exist{f' in namespace {self.namespace}' * self.is_namespaced} yet"
        return Status(False, absent if self._kind else f"the cluster knows no kind {self._word} yet")

    def _judge(self, item: Object) -> Status:
        raise NotImplementedError

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about the object."""
        return bool(self._kind) and (about.get("kind"), about.get("name")) == (self._kind, self._name)


class Condition(Named):
    """A condition of an object, until it holds."""

    noun, done, span = "condition", "met", "condition"

    def __init__(self, reference: str, namespace: str, wanted: str) -> None:
        super().__init__(reference, namespace)
        self._type, _, status = wanted.partition("=")
        self._status = status or "True"

    def __str__(self) -> str:
        return f"{self.reference} {self._type}"

    def _judge(self, item: Object) -> Status:
        there = _conditions(item)
        found = next((c for c in there if str(c.get("type")).lower() == self._type.lower()), None)
        if found is None:
            others = "; ".join(condition_text(each) for each in there[:_MOST_SHOWN])
            return Status(False, f"it has no condition {self._type} yet{others and f', but {others}'}")
        observed = str(found.get("observedGeneration", _status(item).get("observedGeneration")))
        wanted = item["metadata"].get("generation", 0)
        if observed.isdecimal() and int(observed) < wanted:  # Argo Rollouts writes it as text
            seen = f"{found['type']} is of generation {observed}, not {wanted}"
            return Status(False, f"its controller has not seen its latest change yet: {seen}")
        fits = str(found.get("status")).lower() == self._status.lower()
        return Status(fits, condition_text(found, self._type))


def _status(item: Object) -> Mapping[str, Any]:
    found = item.get("status")
    return found if isinstance(found, dict) else {}


def _conditions(item: Object) -> list[Mapping[str, Any]]:
    """Return the conditions of an object, whatever its kind has under that name."""
    found = _status(item).get("conditions")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def condition_text(found: Mapping[str, Any], name: str = "") -> str:
    """Return a condition in a sentence."""
    text = f"{name or found.get('type')} is {found.get('status', 'not known yet')}"
    return ": ".join(
        filter(None, (text, found.get("reason"), " ".join((found.get("message") or "").split())))
    )


def how_ended(kind: str, item: Object) -> str:
    """Return how an object has ended; empty if it has not, or does not tell."""
    phase = _status(item).get("phase")
    if kind == "Pod":
        ended = f"the pod has {str(phase).lower()}: {describe(item)}"
        return ended if phase in {"Succeeded", "Failed"} else ""
    true = {each.get("type"): each for each in _conditions(item) if each.get("status") == "True"}
    if kind == "Job":
        ended = "the Job is complete" if "Complete" in true else ""
        return "the Job has failed" if "Failed" in true else ended
    if stalled := true.get("Stalled"):  # as kstatus means it: nothing more happens until it is changed
        return condition_text(stalled)
    return "it has finished" if any(map(_status(item).get, _FINISHED)) else ""


class Value(Named):
    """A value of an object, until it is as wanted."""

    noun, done, span = "value", "as wanted", "value"

    def __init__(self, reference: str, namespace: str, path: str, wanted: str | None) -> None:
        super().__init__(reference, namespace)
        self._path = JsonPath.parse(path)
        self._wanted = wanted
        self.is_of_status = ".status" in self._path.text

    def __str__(self) -> str:
        return f"{self.reference} {self._path.text}"

    def _judge(self, item: Object) -> Status:
        found = self._path.find(item)
        if not found:
            return Status(False, "the value is not there yet")
        if len(found) > 1:
            return Status(False, f"the path leads to {len(found)} values", stuck="let it lead to one")
        if self._wanted is None:
            return Status(True, f"it is {_text(found[0])}")
        if isinstance(found[0], dict | list):
            return Status(
                False, "the path leads to a mapping or list", stuck="let it lead to a value in that"
            )
        text = _text(found[0])
        fits = _folded(text) == _folded(self._wanted)
        return Status(
            fits, f"it is {cut(text, _SHOWN)}" + ("" if fits else f", not {cut(self._wanted, _SHOWN)}")
        )


def _text(value: Any) -> str:
    """Return a value as kubectl compares it."""
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else json.dumps(value)


def _folded(text: str) -> str:
    """Return a text to compare: conditions have `True` where YAML makes `true` of it."""
    low = text.strip().lower()
    return low if low in {"true", "false"} else text.strip()


class Gone(Named):
    """An object, until it does not exist any more.

    Attributes:
        is_deleted: Whether somebody has asked for that.
    """

    noun, done, span = "object", "gone", "gone"

    def __init__(self, reference: str, namespace: str) -> None:
        super().__init__(reference, namespace)
        self._uid = ""
        self.is_deleted = False

    def judge(self, items: Sequence[Object]) -> Status:
        """Return whether it is gone; another of its name is not it."""
        if not items:
            return Status(True, "it is gone")
        metadata = items[0]["metadata"]
        self._uid = self._uid or metadata.get("uid", "")
        if self._uid != metadata.get("uid", ""):
            return Status(True, "it is gone, and another one has its name")
        self.is_deleted = "deletionTimestamp" in metadata
        if not self.is_deleted:
            return Status(False, "it is still there, and nobody deletes it")
        finalizers = ", ".join(metadata.get("finalizers") or ())
        return Status(False, f"it is being deleted{f', once {finalizers} is done' * bool(finalizers)}")
