"""What `kubernetes.wait` waits for besides rollouts, by the rules of `kubectl wait`."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.actions.kubernetes.pods import condition, counting, describe, has_failed, holds, how_ended
from tui.actions.kubernetes.rollouts import Rollout, selector
from tui.actions.kubernetes.target import Status, Target
from tui.plan.json_path import JsonPath
from tui.text import cut, plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.kubernetes.api import Api, Object
    from tui.clients.kubernetes.discovery import Discovery
    from tui.plan.steps import KubernetesWait

_SHOWN = 60  # characters of a value in a message


def targets_of(step: KubernetesWait) -> list[Target]:
    """Return what a step waits for, in its order."""
    namespace = step.namespace
    return [
        *(Rollout.parse(text, namespace) for text in step.rollouts),
        *(Job(name, namespace) for name in step.jobs),
        *(Pods(labels, namespace) for labels in step.pods),
        *([Nodes(step.nodes, namespace)] if step.nodes else []),
        *(Condition(each.object, namespace, each.is_) for each in step.conditions),
        *(Value(each.object, namespace, each.path, each.is_) for each in step.values),
        *(Gone(each, namespace) for each in step.gone),
    ]


class Job(Target):
    """A Job, until it is complete."""

    noun, done, span, once = "Job", "complete", "run", True

    def __init__(self, name: str, namespace: str) -> None:
        self.name = name
        self.namespace = namespace

    def __str__(self) -> str:
        return f"job/{self.name}"

    @property
    def query(self) -> Mapping[str, str]:
        """Its name."""
        return {"fieldSelector": f"metadata.name={self.name}"}

    async def locate(self, _: Discovery) -> str:
        """Return the path of its list."""
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    def judge(self, items: Sequence[Object]) -> Status:
        """Return its state: complete, failed, or how many of its pods have succeeded."""
        if not items:
            return Status(False, f"it does not exist in namespace {self.namespace} yet")
        spec, status = items[0]["spec"], items[0].get("status") or {}
        ended = {each["type"]: each for each in status.get("conditions") or [] if each["status"] == "True"}
        if "Complete" in ended:
            return Status(True, "it is complete")
        if "Failed" in ended:
            why = ": ".join(filter(None, (ended["Failed"].get(key) for key in ("reason", "message"))))
            return Status(False, why or "it failed", failed=why or "it failed")
        counts = [f"{status[key]} {key}" for key in ("active", "failed") if status.get(key)]
        wanted = plural(spec.get("completions") or 1, "pod")
        suspended = bool(spec.get("suspend"))
        parts = (
            *["it is suspended"] * suspended,
            f"{status.get('succeeded') or 0} of {wanted} succeeded",
            *counts,
        )
        return Status(
            False, ", ".join(parts), stuck="take `suspend` out of its manifest" if suspended else ""
        )

    def pods(self, items: Sequence[Object]) -> str:
        """Return the selector that the Job was given."""
        return selector(items[0]) if items else ""

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about the Job."""
        return about.get("kind") == "Job" and about.get("name") == self.name


class Pods(Target):
    """Pods by their labels, until there are some and all are ready."""

    done = "ready"

    def __init__(self, labels: str, namespace: str) -> None:
        self.labels = labels
        self.namespace = namespace

    def __str__(self) -> str:
        return f"pods {self.labels}"

    @property
    def source(self) -> str:
        """Their labels."""
        return self.labels

    @property
    def described(self) -> str:
        """Their labels, as an option."""
        return f"pods -l {shlex.quote(self.labels)}"

    @property
    def query(self) -> Mapping[str, str]:
        """Their labels."""
        return {"labelSelector": self.labels}

    async def locate(self, _: Discovery) -> str:
        """Return the path of the list of pods."""
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def judge(self, items: Sequence[Object]) -> Status:
        """Return their state; a pod that has failed, and that nothing owns, is not replaced."""
        counted = counting(items)
        unready = [each for each in counted if not holds(each, "Ready")]
        if not counted:
            return Status(False, f"there are none in namespace {self.namespace} yet")
        message = f"{len(counted) - len(unready)} of {plural(len(counted), 'pod')} ready"
        for pod in unready:
            if has_failed(pod) and not pod["metadata"].get("ownerReferences"):
                message += f"; pod/{pod['metadata']['name']}: {describe(pod)}"
                return Status(False, message, failed=message)
        return Status(not unready, message)

    def pods(self, items: Sequence[Object]) -> str:
        """Return their labels."""
        return self.labels if items else ""

    def is_brief(self, items: Sequence[Object]) -> bool:
        """Return whether one has a container without a readiness probe."""
        containers = [each for pod in counting(items) for each in pod["spec"]["containers"]]
        return not all("readinessProbe" in each for each in containers)


class Service(Target):
    """A service, until one of its pods is ready."""

    done = "ready"

    def __init__(self, api: Api, name: str, namespace: str) -> None:
        self.name = name
        self.namespace = namespace
        self._api = api
        self._found: Object | None = None

    def __str__(self) -> str:
        return f"service/{self.name}"

    @property
    def _labels(self) -> str:
        chosen = ((self._found or {}).get("spec") or {}).get("selector") or {}
        return ",".join(f"{key}={value}" for key, value in chosen.items())

    @property
    def query(self) -> Mapping[str, str]:
        """The labels of its pods."""
        return {"labelSelector": self._labels}

    async def locate(self, _: Discovery) -> str:
        """Return the path of the list of pods, once it is there."""
        self._found = await self._api.find(f"/api/v1/namespaces/{self.namespace}/services/{self.name}")
        return f"/api/v1/namespaces/{self.namespace}/pods" if self._labels else ""

    def judge(self, items: Sequence[Object]) -> Status:
        """Return how many of its pods are ready."""
        if self._found is None:
            return Status(False, f"it does not exist in namespace {self.namespace} yet")
        if not self._labels:
            return Status(False, "it has no selector", stuck="name a service that has pods of its own")
        counted = counting(items)
        ready = sum(holds(each, "Ready") for each in counted)
        return Status(ready > 0, f"{ready} of {plural(len(counted), 'pod')} ready")

    def pods(self, items: Sequence[Object]) -> str:
        """Return the labels of its pods."""
        return self._labels

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about it."""
        return about.get("kind") == "Service" and about.get("name") == self.name


class Nodes(Target):
    """Nodes, until they are ready."""

    done, span = "ready", "ready"
    is_namespaced = False

    def __init__(self, names: Sequence[str], namespace: str) -> None:
        self.names = names
        self.namespace = namespace

    def __str__(self) -> str:
        return "all nodes" if "all" in self.names else f"nodes {', '.join(self.names)}"

    @property
    def source(self) -> str:
        """A word for all of them."""
        return "nodes"

    @property
    def described(self) -> str:
        """All nodes."""
        return "nodes"

    async def locate(self, _: Discovery) -> str:
        """Return the path of the list of nodes."""
        return "/api/v1/nodes"

    def judge(self, items: Sequence[Object]) -> Status:
        """Return how many of them are ready, and why the first other one is not."""
        found = {each["metadata"]["name"]: each for each in items}
        wanted = tuple(found) if "all" in self.names else self.names
        if missing := [name for name in wanted if name not in found]:
            return Status(False, f"there is no node {missing[0]}, but {', '.join(found) or 'none at all'}")
        unready = [name for name in wanted if not holds(found[name], "Ready")]
        message = f"{len(wanted) - len(unready)} of {plural(len(wanted), 'node')} ready"
        if unready:
            message += f"; node/{unready[0]}: {_told(condition(found[unready[0]], 'Ready'), 'Ready')}"
        return Status(bool(wanted) and not unready, message)

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about one of them."""
        return about.get("kind") == "Node" and ("all" in self.names or about.get("name") in self.names)


class _Named(Target):
    """An object that the plan names by kind and name."""

    once = True
    is_of_status = True
    """Whether it is about the object's status, which changes no more once a pod or Job has ended."""

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
            hint = f"`kubectl -n {self.namespace} logs {self.reference}` says why; wait for what it becomes"
            return replace(judged, message=f"{judged.message}; {ended}", stuck=hint)
        absent = f"it does not exist{f' in namespace {self.namespace}' * self.is_namespaced} yet"
        return Status(False, absent if self._kind else f"the cluster knows no kind {self._word} yet")

    def _judge(self, item: Object) -> Status:
        raise NotImplementedError

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about the object."""
        return bool(self._kind) and (about.get("kind"), about.get("name")) == (self._kind, self._name)


class Condition(_Named):
    """A condition of an object, until it holds."""

    noun, done, span = "condition", "met", "condition"

    def __init__(self, reference: str, namespace: str, wanted: str) -> None:
        super().__init__(reference, namespace)
        self._type, _, status = wanted.partition("=")
        self._status = status or "True"

    def __str__(self) -> str:
        return f"{self.reference} {self._type}"

    def _judge(self, item: Object) -> Status:
        status = item.get("status") or {}
        found = next(
            (c for c in status.get("conditions") or [] if str(c.get("type")).lower() == self._type.lower()),
            None,
        )
        if found is None:
            return Status(False, f"it has no condition {self._type} yet")
        observed = found.get("observedGeneration", status.get("observedGeneration"))
        if observed is not None and observed < item["metadata"].get("generation", observed):
            return Status(False, "its controller has not seen its latest change yet")
        fits = str(found.get("status")).lower() == self._status.lower()
        return Status(fits, _told(found, self._type))


def _told(found: Mapping[str, Any], name: str) -> str:
    """Return a condition in a sentence."""
    text = f"{name} is {found.get('status', 'not known yet')}"
    return ": ".join(
        filter(None, (text, found.get("reason"), " ".join((found.get("message") or "").split())))
    )


class Value(_Named):
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
        fits = text.strip() == self._wanted.strip()
        return Status(
            fits, f"it is {cut(text, _SHOWN)}" + ("" if fits else f", not {cut(self._wanted, _SHOWN)}")
        )


def _text(value: Any) -> str:
    """Return a value as kubectl compares it."""
    if value is None:
        return "<nil>"
    return value if isinstance(value, str) else json.dumps(value)


class Gone(_Named):
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
