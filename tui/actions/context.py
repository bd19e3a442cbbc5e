"""What an action gets from the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tui.reporter import Probed, Reporter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tui.cluster.provider import Restoration
    from tui.hosts.host import Host
    from tui.hosts.host_set import ClusterAt
    from tui.plan.model import Cluster


class Context(Reporter, Protocol):
    """Where a step runs, and whom its action reports to.

    Attributes:
        task: The task's id.
        step: The step's place in the task, from 0.
        attempt: The number of the task's attempt, from 1.
        host: The task's host: where its commands run and its images are.
        cache: A directory of the user's for what can be fetched again.
        deadline: Time of the running loop at which step or task has run out of time, or None. The engine
            cancels the step some seconds after it; an action that can say what it waited for fails by itself
            at the deadline.
    """

    task: str
    step: int
    attempt: int
    host: Host
    cache: Path
    deadline: float | None

    @property
    def folder(self) -> Path:
        """The directory of the file that the step is written in."""

    @property
    def variables(self) -> Mapping[str, Any]:
        """The plan's variables, for files that are filled in."""

    @property
    def env(self) -> Mapping[str, str]:
        """The plan's environment variables, for commands, and the one that names the step."""

    @property
    def cluster_host(self) -> Host:
        """The host that the step's cluster runs on."""

    @property
    def cluster(self) -> Cluster:
        """The step's cluster.

        Raises:
            ActionError: The plan has none.
        """

    @property
    def restoration(self) -> Restoration | None:
        """What the plan's cluster is restored from, if it is not there; None if it is made anew."""

    @property
    def other_clusters(self) -> Sequence[ClusterAt]:
        """The plan's other clusters, each with its host."""

    def probed(self, pod: Probed) -> None:
        """Report that a pod became ready, and how long it waited for its probe."""

    def holds_secret(self, text: str) -> bool:
        """Return whether a text contains a secret that is known so far."""

    @property
    def built_images(self) -> frozenset[str]:
        """The images that the plan builds, and loads into its cluster."""

    @property
    def delivered_images(self) -> frozenset[str]:
        """The images that the plan gets to the step's cluster."""

    def image_host(self, image: str) -> Host:
        """Return the host that the plan makes or pulls an image on; the task's host if it does neither."""
