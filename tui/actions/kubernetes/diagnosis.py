"""Decides when waiting for a pod is hopeless."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.actions.kubernetes.pods import PULL_FAILURES, containers
from tui.plan.failures import KNOWN
from tui.plan.recognition import hint_for

if TYPE_CHECKING:
    from tui.actions.kubernetes.pods import Container
    from tui.clients.kubernetes.api import Object

_CRASHES = 3
_PULLS = 3
_PULLING_WITHIN = 90.0  # seconds; the kubelet may report fewer pulls than it makes
_PATIENCE = {
    "InvalidImageName": 0.0,
    "ErrImageNeverPull": 0.0,
    "CreateContainerConfigError": 10.0,  # the Secret or ConfigMap may be about to be made
    "CreateContainerError": 20.0,
}
"""Seconds that a container may stay in a state that it seldom leaves by itself."""
# A kubelet that has just been started has not read all of its API server yet, and asks again.
_UNREAD = re.compile(KNOWN["kubelet-behind"].pattern)
_READING_WITHIN = 60.0  # seconds
_FOR_GOOD = re.compile(
    r"violates PodSecurity|must specify (?:limits|requests)\b|(?:maximum|minimum) \S+ usage per"
)


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
    """Counts how often and how long a pod's containers fail while it is watched."""

    def __init__(self) -> None:
        self._restarts: dict[str, int] = {}  # at first sight
        self._pulls: dict[str, int] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._reasons: dict[str, str] = {}
        self._containers: list[Container] = []

    def see(self, pod: Object, now: float) -> None:
        """Process a pod's new state.

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
        """Count a failed pull: each shows as `ErrImagePull`, then as a back-off until the next."""
        before = self._reasons.get(container.name, "")
        if container.reason not in PULL_FAILURES:
            self._pulls.pop(container.name, None)
        elif before != container.reason and (
            container.reason == "ErrImagePull" or before not in PULL_FAILURES
        ):
            self._pulls[container.name] = self._pulls.get(container.name, 0) + 1

    def verdict(self, now: float) -> Verdict | None:
        """Return why waiting has become hopeless; None if it has not."""
        for container in self._containers:
            if self._is_hopeless(container, now):
                return Verdict(container, hint_for(container.symptoms, "pod"))
        return None

    def _is_hopeless(self, container: Container, now: float) -> bool:
        reason, name = container.reason, container.name
        if reason == "CrashLoopBackOff":
            # What crashed before it was watched may have been mended since: its next start shows.
            return container.restarts >= _CRASHES and container.restarts > self._restarts[name]
        if reason in PULL_FAILURES:
            return self._pulls[name] >= _PULLS or now - self._since[name, "pull"] >= _PULLING_WITHIN
        patience = _READING_WITHIN if _UNREAD.search(container.message) else _PATIENCE.get(reason, math.inf)
        return now - self._since[name, reason] >= patience


def refused_for_good(text: str) -> str:
    """Return what to do where pods are refused for what they say, which no waiting mends; else nothing."""
    return hint_for(text, "kubernetes") if _FOR_GOOD.search(text) else ""
