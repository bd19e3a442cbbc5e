"""When waiting for a pod is hopeless, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.actions.kubernetes.pods import PULL_FAILURES, containers

if TYPE_CHECKING:
    from tui.actions.kubernetes.pods import Container
    from tui.clients.kubernetes.api import Object

_CRASHES = 3
_PULLS = 3
_PULLING_WITHIN = 90.0  # seconds; counts where the kubelet told of fewer tries than it made
_PATIENCE = {
    "InvalidImageName": 0.0,
    "ErrImageNeverPull": 0.0,
    "CreateContainerConfigError": 10.0,  # the Secret or ConfigMap may be about to be made
    "CreateContainerError": 20.0,
}
"""Seconds that a container may be in a state that it seldom leaves by itself."""

HINTS = {
    "CrashLoopBackOff": "the container ends as soon as it starts; its last lines say why",
    "ErrImagePull": "check the image's name, that kind.load loads it, or a pull secret opens its registry",
    "InvalidImageName": "correct the image's name in the manifest",
    "ErrImageNeverPull": "the image is not on the node and may not be pulled: put kind.load before this step",
    "CreateContainerConfigError": "apply the Secret or ConfigMap that the container refers to first",
    "OOMKilled": "the container needs more memory than its limit: raise resources.limits.memory",
    "Unschedulable": "no node takes the pod: lower its requests, or correct its selector and tolerations",
}
HINTS["ImagePullBackOff"] = HINTS["ErrImagePull"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why waiting for a pod is hopeless.

    Attributes:
        container: The container that it is about.
        hint: What to do.
    """

    container: Container
    hint: str


class Patience:
    """How often and how long a pod's containers have failed while they were looked at."""

    def __init__(self) -> None:
        self._restarts: dict[str, int] = {}  # at first sight
        self._pulls: dict[str, int] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._reasons: dict[str, str] = {}
        self._containers: list[Container] = []

    def see(self, pod: Object, now: float) -> None:
        """Takes a pod's state.

        Args:
            pod: The pod.
            now: The time, in seconds of any clock that runs evenly.
        """
        self._containers = containers(pod)
        for container in self._containers:
            self._restarts.setdefault(container.name, container.restarts)
            self._count_pull(container)
            reason = "pull" if container.reason in PULL_FAILURES else container.reason
            self._since = {k: t for k, t in self._since.items() if k[0] != container.name or k[1] == reason}
            self._since.setdefault((container.name, reason), now)
            self._reasons[container.name] = container.reason

    def _count_pull(self, container: Container) -> None:
        """Each failed pull shows as `ErrImagePull`, then as a back-off until the next."""
        before = self._reasons.get(container.name, "")
        if container.reason not in PULL_FAILURES:
            self._pulls.pop(container.name, None)
        elif before != container.reason and (
            container.reason == "ErrImagePull" or before not in PULL_FAILURES
        ):
            self._pulls[container.name] = self._pulls.get(container.name, 0) + 1

    def verdict(self, now: float) -> Verdict | None:
        """Whether waiting is hopeless by now."""
        for container in self._containers:
            if self._is_hopeless(container, now):
                return Verdict(container, hint_for(container))
        return None

    def _is_hopeless(self, container: Container, now: float) -> bool:
        reason, name = container.reason, container.name
        if reason == "CrashLoopBackOff":
            # What crashed before it was looked at may have been mended since: its next try shows.
            return container.restarts >= _CRASHES and container.restarts > self._restarts[name]
        if reason in PULL_FAILURES:
            return self._pulls[name] >= _PULLS or now - self._since[name, "pull"] >= _PULLING_WITHIN
        return reason in _PATIENCE and now - self._since[name, reason] >= _PATIENCE[reason]


def hint_for(container: Container) -> str:
    """What to do about a container's state; empty where nothing is known."""
    return HINTS.get(container.exit_reason) or HINTS.get(container.reason, "")
