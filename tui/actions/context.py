"""What an action is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tui.hosts.host import Host
    from tui.plan.model import Cluster


@dataclass(frozen=True, slots=True)
class Done:
    """A step's good end.

    Attributes:
        changed: False where the step found its work already done.
        note: What was done, or found, in a few words.
    """

    note: str = ""
    changed: bool = True


class Span(Protocol):
    """A named interval inside an attempt; closing it twice is harmless."""

    def close(self) -> None:
        """Ends the interval now."""

    def __enter__(self) -> Span: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Context(Protocol):
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

    def image_host(self, image: str) -> Host:
        """Where an image is: where the plan makes or pulls it, or else the task's host."""

    def log(self, text: str | Sequence[str], source: str = "") -> None:
        """Says output.

        Args:
            text: A line without its end, or all the lines that have come at once, which costs far less than
                one call a line.
            source: Who wrote it, where that is not the step itself: `pod/postgresql-…`.
        """

    def progress(self, done: float, total: float | None = None, unit: str = "", what: str = "") -> None:
        """Says how far the step is; cheap to call often."""

    def span(self, name: str, subject: str = "") -> Span:
        """Begins an interval.

        Args:
            name: `pull`, `schedule`, `start`, `ready`, `build`, `load`, ….
            subject: Whose: `pod/postgresql-…`, an image's name.
        """

    def secret(self, value: str) -> None:
        """Has a value masked, in every form, in all that is said from now on."""

    def warn(self, text: str) -> None:
        """Says what did not go well but is no failure; told again at the end."""
