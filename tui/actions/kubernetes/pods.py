"""Reads the state of a pod from its object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.clients.kubernetes.api import Object

Stage = Literal["schedule", "start", "ready", "done"]
STAGES: tuple[Stage, ...] = ("schedule", "start", "ready", "done")
"""The stages of a pod until it is ready, in order."""

PULL_FAILURES = {"ErrImagePull", "ImagePullBackOff"}


@dataclass(frozen=True, slots=True)
class Container:
    """A container's state.

    Attributes:
        name: Its name in the pod.
        run: The id of its present or last run; empty before the first.
        phase: `waiting`, `running` or `terminated`.
        reason: Why, in one word, such as `CrashLoopBackOff`.
        message: Why, at length.
        exit_code: How its last run ended; None where none has ended.
        exit_reason: Why its last run ended, such as `Error` or `OOMKilled`.
        restarts: How often it was started anew.
        image: The image that it runs.
        pull_policy: When the node pulls the image, such as `Always`.
    """

    name: str
    run: str
    phase: str
    reason: str
    message: str
    exit_code: int | None
    exit_reason: str
    restarts: int
    image: str
    pull_policy: str

    @property
    def symptoms(self) -> str:
        """All that says why it does not run, as the catalogue of known failures reads it."""
        policy = f"imagePullPolicy: {self.pull_policy}"
        return "\n".join((self.exit_reason, self.reason, self.message, policy))

    def __str__(self) -> str:
        text = f"{self.name}: {self.reason or self.phase}"
        if self.exit_code is not None and self.phase != "running":
            ended = f" ({self.exit_reason})" if self.exit_reason not in {"", "Error", self.reason} else ""
            text += f", exit code {self.exit_code}{ended}"
        return text + (f", restarts: {self.restarts}" if self.restarts else "")


def containers(pod: Object) -> list[Container]:
    """Return the states of a pod's containers, init containers first."""
    status = pod.get("status", {})
    entries = (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    spec = pod.get("spec", {})
    wanted = (*(spec.get("initContainers") or ()), *(spec.get("containers") or ()))
    policies = {each["name"]: each.get("imagePullPolicy", "") for each in wanted}
    return [_container(entry, policies.get(entry["name"], "")) for entry in entries]


def _container(entry: dict[str, Any], pull_policy: str) -> Container:
    phases: dict[str, dict[str, Any]] = entry.get("state") or {"waiting": {}}
    phase, state = next(iter(phases.items()))
    ended = state if phase == "terminated" else (entry.get("lastState") or {}).get("terminated") or {}
    return Container(
        name=entry["name"],
        run=entry.get("containerID") or "",
        phase=phase,
        reason=state.get("reason", ""),
        message=state.get("message", ""),
        exit_code=ended.get("exitCode"),
        exit_reason=ended.get("reason", ""),
        restarts=entry.get("restartCount", 0),
        image=entry.get("image", ""),
        pull_policy=pull_policy,
    )


def condition(pod: Object, kind: str) -> dict[str, Any]:
    """Return a pod's condition, such as `Ready`; empty if it is not set yet."""
    conditions = pod.get("status", {}).get("conditions") or []
    return next((c for c in conditions if c["type"] == kind), {})


def holds(pod: Object, kind: str) -> bool:
    """Return whether a pod's condition is true."""
    return condition(pod, kind).get("status") == "True"


def has_failed(pod: Object) -> bool:
    """Return whether a pod has ended and did not succeed."""
    return bool(pod.get("status", {}).get("phase") == "Failed")


def counting(pods: Sequence[Object]) -> list[Object]:
    """Return the pods that are to be ready: not those that succeeded, are being deleted, or are given up.

    A pod that has failed, as one that was evicted, is given up where others take its place.
    """
    there = [each for each in pods if "deletionTimestamp" not in each["metadata"]]
    there = [each for each in there if each.get("status", {}).get("phase") != "Succeeded"]
    return [pod for pod in there if not (has_failed(pod) and pod["metadata"].get("ownerReferences"))] or there


def stage(pod: Object) -> Stage:
    """Return the stage that a pod is in; `done` once it is ready."""
    if holds(pod, "Ready"):
        return "done"
    if not holds(pod, "PodScheduled"):
        return "schedule"
    names = {c["name"] for c in pod["spec"]["containers"]}
    started = {c.name for c in containers(pod) if c.phase == "running" or c.exit_code is not None}
    return "ready" if names <= started else "start"


def readiness_probes(pod: Object) -> list[tuple[float, float]]:
    """Return the delay and the period of each readiness probe, in seconds.

    Those of containers with a startup probe are left out: it decides when they begin.
    """
    probes = [
        container["readinessProbe"]
        for container in pod["spec"]["containers"]
        if container.get("readinessProbe") and not container.get("startupProbe")
    ]
    return [(float(p.get("initialDelaySeconds") or 0), float(p.get("periodSeconds") or 10)) for p in probes]


def unschedulable(pod: Object) -> str:
    """Return why no node takes a pod; empty if one may."""
    found = condition(pod, "PodScheduled")
    if found.get("status") != "False":
        return ""
    return str(found.get("message") or found.get("reason") or "no node takes it")


def describe(pod: Object) -> str:
    """Return a pod's state in one line."""
    if "deletionTimestamp" in pod["metadata"]:
        return "is being deleted"
    if holds(pod, "Ready"):
        return "ready"
    if why := unschedulable(pod):
        return f"not scheduled: {why}"
    status = pod.get("status", {})
    if status.get("reason"):
        return f"{status.get('phase', '')}: {status['reason']}: {status.get('message', '')}"
    states = [str(c) for c in containers(pod) if c.reason != "Completed"]
    if (readiness := condition(pod, "Ready")).get("reason") == "ReadinessGatesNotReady":
        states.append(str(readiness.get("message") or readiness["reason"]))
    return "; ".join(states) if states else str(status.get("phase", "Pending"))


def sources(pod: Object) -> dict[str, str]:
    """Return the source of each container's lines: the pod, with the container if it has several."""
    name = pod["metadata"]["name"]
    names = [c["name"] for key in ("initContainers", "containers") for c in pod["spec"].get(key) or ()]
    return {each: f"pod/{name}" if len(names) == 1 else f"pod/{name}:{each}" for each in names}
