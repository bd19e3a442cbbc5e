"""What an action is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tui.reporter import Reporter

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tui.hosts.host import Host
    from tui.plan.model import Cluster


class Context(Reporter, Protocol):
    """One attempt's hold on the world: where its step runs, and whom it tells what happens.

    Attributes:
        task: The task's id.
        step: The step's place in the task, from 0.
        attempt: Which try of the task this is, from 1.
        host: The task's: where its commands run and its images are.
        folder: The plan's folder.
        cache: A folder of the user's for what may be fetched again.
        variables: The plan's variables, for files that are filled in.
        deadline: Time of the running loop at which step or task has run out of time, or None. The engine
            cancels the step some seconds after it; an action that can say what it waited for fails by itself
            at the deadline.
    """

    task: str
    step: int
    attempt: int
    host: Host
    folder: Path
    cache: Path
    variables: Mapping[str, Any]
    deadline: float | None

    @property
    def cluster_host(self) -> Host:
        """Where the plan's cluster runs."""

    @property
    def cluster(self) -> Cluster:
        """The plan's cluster.

        Raises:
            ActionError: The plan has none.
        """

    def holds_secret(self, text: str) -> bool:
        """Whether a text holds a secret, as far as is known."""

    def image_host(self, image: str) -> Host:
        """Where an image is: where the plan makes or pulls it, or else the task's host."""
