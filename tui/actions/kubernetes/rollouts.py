"""Decides whether a rollout is complete, by the rules of `kubectl rollout status`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tui.actions.kubernetes.target import Status, Target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.clients.kubernetes.api import Object
    from tui.clients.kubernetes.discovery import Discovery

_NOT_SEEN = "its controller has not seen its latest change yet"


@dataclass(frozen=True)
class Rollout(Target):
    """A Deployment, StatefulSet or DaemonSet that is waited for.

    Attributes:
        kind: `deployment`, `statefulset` or `daemonset`.
        name: Its name.
        namespace: Its namespace.
    """

    noun: ClassVar[str] = "rollout"
    done: ClassVar[str] = "ready"
    mendable: ClassVar[bool] = True

    kind: str
    name: str
    namespace: str

    @classmethod
    def parse(cls, text: str, namespace: str) -> Rollout:
        """Parse `KIND/NAME`."""
        kind, _, name = text.partition("/")
        return cls(kind, name, namespace)

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def collection(self) -> str:
        """The path of the list that it is in."""
        return f"/apis/apps/v1/namespaces/{self.namespace}/{self.kind}s"

    @property
    def query(self) -> Mapping[str, str]:
        """Its name."""
        return {"fieldSelector": f"metadata.name={self.name}"}

    async def locate(self, _: Discovery) -> str:
        """Return the path of its list."""
        return self.collection

    def judge(self, items: Sequence[Object]) -> Status:
        """Return its state; see `status`."""
        return self.status(items[0] if items else None)

    def pods(self, items: Sequence[Object]) -> str:
        """Return its selector."""
        return selector(items[0]) if items else ""

    def is_brief(self, items: Sequence[Object]) -> bool:
        """Return whether it has a container without a readiness probe."""
        return bool(items) and not is_probed(items[0])

    def concerns(self, about: Object) -> bool:
        """Return whether an event is about it, or a ReplicaSet of it, whose name has one part more."""
        kind, name = str(about.get("kind")).lower(), str(about.get("name"))
        if kind == "replicaset" and self.kind == "deployment":
            return name.rpartition("-")[0] == self.name
        return (kind, name) == (self.kind, self.name)

    def status(self, found: Object | None) -> Status:
        """Return its state.

        Args:
            found: The object on the API server; None if there is none.
        """
        if found is None:
            return Status(False, f"it does not exist in namespace {self.namespace} yet")
        return {"deployment": _deployment, "statefulset": _stateful_set, "daemonset": _daemon_set}[self.kind](
            found
        )


def _refusals(deployment: Object) -> list[str]:
    """Return why no pods are made of a Deployment, such as a quota, in the API server's words."""
    conditions = deployment.get("status", {}).get("conditions") or []
    failed = [each for each in conditions if each["type"] == "ReplicaFailure" and each["status"] == "True"]
    return [each["message"] for each in failed if each.get("message")]


def _deployment(found: Object) -> Status:
    spec, status = found["spec"], found.get("status", {})
    if found["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return Status(False, _NOT_SEEN)
    for condition in status.get("conditions") or []:
        if condition["type"] == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            message = condition.get("message") or "it made no progress for too long"
            return Status(False, message, failed=f"{message} {condition.get('lastUpdateTime', '')}")
    wanted, updated = spec.get("replicas"), status.get("updatedReplicas", 0)
    stuck = _RESUME if spec.get("paused") else ""
    paused = "it is paused, and " if stuck else ""
    if wanted is not None and updated < wanted:
        refused = "".join(f": {each}" for each in _refusals(found))
        message = f"{paused}{updated} of {wanted} new replicas have been updated{refused}"
        return Status(False, message, stuck=stuck)
    if (old := status.get("replicas", 0) - updated) > 0:
        return Status(False, f"{paused}{old} old replicas are still there", stuck=stuck)
    available = status.get("availableReplicas", 0)
    return Status(available >= updated, f"{available} of {updated} updated replicas are available")


_RESUME = "take `paused` out of its manifest, or run `kubectl rollout resume`"


def _stateful_set(found: Object) -> Status:
    spec, status = found["spec"], found.get("status", {})
    observed = status.get("observedGeneration", 0)
    if observed == 0 or found["metadata"].get("generation", 0) > observed:
        return Status(False, _NOT_SEEN)
    wanted, ready = spec.get("replicas"), status.get("readyReplicas", 0)
    if wanted is not None and ready < wanted:
        return Status(False, f"{ready} of {wanted} pods are ready")
    updated = status.get("updatedReplicas", 0)
    strategy = spec.get("updateStrategy") or {}
    rolling = strategy.get("rollingUpdate")
    if _is_by_hand(strategy):
        old = ready - updated if status.get("updateRevision") != status.get("currentRevision") else 0
        return Status(True, f"{ready} of {wanted} pods are ready", left=_old_pods(old, "OnDelete"))
    if rolling is None:
        same = status.get("updateRevision") == status.get("currentRevision")
        behind = f"{updated} pods are at the new revision {status.get('updateRevision')}"
        return Status(same, f"{ready} of {wanted} pods are ready" if same else behind)
    partition = rolling.get("partition")
    if wanted is not None and partition is not None and updated < wanted - partition:
        return Status(False, f"{updated} of {wanted - partition} new pods have been updated")
    old = (
        ready - updated if partition and status.get("updateRevision") != status.get("currentRevision") else 0
    )
    return Status(True, f"{ready} of {wanted} pods are ready", left=_old_pods(old, "the partition"))


def _daemon_set(found: Object) -> Status:
    status = found.get("status", {})
    if found["metadata"].get("generation", 0) > status.get("observedGeneration", 0):
        return Status(False, _NOT_SEEN)
    wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    available = status.get("numberAvailable", 0)
    if _is_by_hand(found["spec"].get("updateStrategy") or {}):
        message = f"{available} of {wanted} pods are available"
        return Status(available >= wanted, message, left=_old_pods(wanted - updated, "OnDelete"))
    if updated < wanted:
        return Status(False, f"{updated} of {wanted} new pods have been updated")
    nowhere = "" if wanted else "it has no pods, as no node fits its nodeSelector, affinity and tolerations"
    return Status(available >= wanted, f"{available} of {wanted} updated pods are available", left=nowhere)


def _is_by_hand(strategy: Object) -> bool:
    return bool(strategy.get("type", "RollingUpdate") != "RollingUpdate")


def _old_pods(count: int, kept_by: str) -> str:
    """Describe the pods that the update strategy leaves as they are; empty if there are none."""
    text = (
        f"{count} pods are of an older revision, as {kept_by} leaves them; delete them to have them replaced"
    )
    return text if count > 0 else ""


def is_probed(found: Object) -> bool:
    """Return whether a rollout's pods need more than to be started to be ready: a probe, or some time."""
    spec = found["spec"]
    containers = spec["template"]["spec"]["containers"]
    return bool(spec.get("minReadySeconds")) or all("readinessProbe" in each for each in containers)


def selector(found: Object) -> str:
    """Return the label selector of a rollout's pods."""
    wanted = found["spec"].get("selector") or {}
    parts = [f"{key}={value}" for key, value in (wanted.get("matchLabels") or {}).items()]
    for expression in wanted.get("matchExpressions") or []:
        key, operator = expression["key"], expression["operator"]
        values = f"({','.join(expression.get('values') or [])})"
        parts.append(
            {"Exists": key, "DoesNotExist": f"!{key}"}.get(operator, f"{key} {operator.lower()} {values}")
        )
    return ",".join(parts)


def is_latest(rollout: Rollout, found: Object, pod: Object, replica_set: Object | None) -> bool:
    """Return whether a pod was made from the rollout's current template.

    Args:
        rollout: The rollout.
        found: What the API server has of it.
        pod: One of its pods.
        replica_set: The pod's owner, where the rollout is a Deployment.
    """
    labels = pod["metadata"].get("labels") or {}
    notes = found["metadata"].get("annotations") or {}
    if rollout.kind == "deployment":
        theirs: str | None = ((replica_set or {}).get("metadata", {}).get("annotations") or {}).get(_REVISION)
        return theirs is not None and theirs == notes.get(_REVISION)
    if rollout.kind == "statefulset":
        revision = labels.get("controller-revision-hash")
        return bool(revision == found.get("status", {}).get("updateRevision"))
    generation = notes.get("deprecated.daemonset.template.generation")
    return generation in {None, labels.get("pod-template-generation")}


_REVISION = "deployment.kubernetes.io/revision"
