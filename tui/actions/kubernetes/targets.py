"""What `kubernetes.wait` waits for besides rollouts, by the rules of `kubectl wait`."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from tui.actions.kubernetes.named_objects import Condition, Gone, Value, condition_text
from tui.actions.kubernetes.pods import condition, counting, describe, has_failed, holds
from tui.actions.kubernetes.rollouts import Rollout, selector
from tui.actions.kubernetes.target import Status, Target
from tui.clients.kubernetes.port_forward import pods_behind
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.kubernetes.api import Api, Object
    from tui.clients.kubernetes.discovery import Discovery
    from tui.plan.steps import KubernetesWait


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
        stuck = "take `suspend` out of its manifest" if suspended and not _is_queued(items[0]) else ""
        return Status(False, ", ".join(parts), stuck=stuck)

    def pods(self, items: Sequence[Object]) -> str:
        """Return the selector that the Job was given."""
        return selector(items[0]) if items else ""

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about the Job."""
        return about.get("kind") == "Job" and about.get("name") == self.name


def _is_queued(job: Object) -> bool:
    """Return whether a Job waits for another controller to resume it, such as Kueue or its owner."""
    metadata, manager = job["metadata"], job["spec"].get("managedBy")
    notes = (*(metadata.get("labels") or ()), *(metadata.get("annotations") or ()))
    queued = any(key.endswith("/queue-name") for key in notes)
    return queued or bool(metadata.get("ownerReferences")) or manager not in {None, _JOB_CONTROLLER}


_JOB_CONTROLLER = "kubernetes.io/job-controller"


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
            others = f" (done, or being deleted: {len(items)})" if items else ""
            return Status(False, f"there are none in namespace {self.namespace} yet{others}")
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
        """The labels of its pods; the name of its endpoints where it has no selector."""
        own = {"fieldSelector": f"metadata.name={self.name}"}
        return {"labelSelector": self._labels} if self._labels else own

    async def locate(self, _: Discovery) -> str:
        """Return the path of the list of pods, or else of endpoints, once it is there."""
        within = f"/api/v1/namespaces/{self.namespace}"
        self._found = await self._api.find(f"{within}/services/{self.name}")
        if self._found is None:
            return ""
        return f"{within}/pods" if self._labels else f"{within}/endpoints"

    def judge(self, items: Sequence[Object]) -> Status:
        """Return how many of its pods are ready."""
        if self._found is None:
            return Status(False, f"it does not exist in namespace {self.namespace} yet")
        if self._found["spec"].get("type") == "ExternalName":
            return Status(False, "it is a name for another host", stuck="name a service that has pods")
        if not self._labels:  # a controller such as Patroni says which pods are behind it
            behind = sum(len(list(pods_behind(each))) for each in items)
            return Status(behind > 0, f"it has no selector, and {plural(behind, 'pod')} behind it")
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
            message += (
                f"; node/{unready[0]}: {condition_text(condition(found[unready[0]], 'Ready'), 'Ready')}"
            )
        return Status(bool(wanted) and not unready, message)

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about one of them."""
        return about.get("kind") == "Node" and ("all" in self.names or about.get("name") in self.names)
