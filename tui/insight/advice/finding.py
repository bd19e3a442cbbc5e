"""What a rule finds: a change to a plan, and how a run would have gone with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tui.insight.whole_run import WholeRun
    from tui.run.state import RunState


class Changed(Protocol):
    """Returns a run as it would have gone with a change; None where that run does not tell."""

    def __call__(self, run: WholeRun, state: RunState, /) -> WholeRun | None:
        """Return it."""


@dataclass(frozen=True, slots=True)
class RemoveLimit:
    """Remove the plan's `limit`."""


@dataclass(frozen=True, slots=True)
class DropNeeds:
    """Remove some of a task's needs."""

    task: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FastProbes:
    """Have workloads that `kubernetes.apply` steps apply be asked at once, and then each second.

    Attributes:
        task: The task of the steps.
        steps: Their places.
    """

    task: str
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoadImages:
    """Pull images on the host and load them, by steps at the beginning of a task.

    Attributes:
        task: The task.
        images: The images.
    """

    task: str
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CopyLater:
    """Copy a build's whole context after the dependencies are installed, in the Dockerfile of a step.

    Attributes:
        task: The task.
        step: The place of its `image.build` step.
        install: The instruction that installs them, as the build told it.
        files: The files that it needs.
    """

    task: str
    step: int
    install: str
    files: tuple[str, ...]


Change = RemoveLimit | DropNeeds | FastProbes | LoadImages | CopyLater


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule has found; see `tui.insight.advice.Advice`.

    Attributes:
        changed: How a run would have gone with the change.
    """

    rule: str
    title: str
    why: str
    caveat: str
    how: str
    changed: Changed
    task: str = ""
    command: tuple[str, ...] = ()
    change: Change | None = None
