"""What a step gets: hosts, cluster, and the means to report its work."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tui.errors import ActionError
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tui.cluster.provider import Restoration
    from tui.engine.attempt import Attempt
    from tui.hosts.host import Host
    from tui.hosts.host_set import ClusterAt
    from tui.plan.model import Cluster
    from tui.reporter import Probed

TAIL = 15
"""Lines of output that are shown with a failure."""
MARK = "BRINGUP_STEP"
"""The variable that tells a command which step it is of, as `RUN/TASK/STEP`, the step counted from 0."""
_PROGRESS_EVERY = 0.1  # seconds


class OpenSpan:
    """A span that has begun; see `tui.reporter.Span`."""

    def __init__(self, attempt: Attempt, number: int) -> None:
        self._attempt = attempt
        self._number = number
        self._closed = False

    def close(self) -> None:
        """End the interval now."""
        if not self._closed:
            self._closed = True
            context, task = self._attempt.context, self._attempt.task
            self._attempt.emit(e.SpanFinished(context.now(), task.id, self._attempt.number, self._number))

    def __enter__(self) -> OpenSpan:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class StepContext:
    """What one step gets; see `tui.actions.context.Context`."""

    def __init__(self, attempt: Attempt, step: int, deadline: float | None) -> None:
        context = attempt.context
        self.task = attempt.task.id
        self.step = step
        self.attempt = attempt.number
        self._hosts, self._places = context.environment.hosts, context.placement
        self.host: Host = self._hosts.of(self._places.tasks[self.task])
        self._written = attempt.task.steps[step]
        self.cache = context.cache
        self.deadline = deadline
        self._attempt = attempt
        self._last_progress = float("-inf")

    @property
    def folder(self) -> Path:
        """The directory of the file that the step is written in."""
        return self._attempt.context.plan.folder_of(self._written)

    @property
    def variables(self) -> Mapping[str, Any]:
        """The variables that the step's files are filled in from."""
        return self._attempt.context.outputs.variables(self._written, self._attempt.task)

    @property
    def env(self) -> Mapping[str, str]:
        """The plan's environment variables, and the one that names the step."""
        context = self._attempt.context
        return {**context.plan.environment, MARK: f"{context.run}/{self.task}/{self.step}"}

    @property
    def cluster_host(self) -> Host:
        """The host that the step's cluster runs on."""
        return self._hosts.of(self._places.of_cluster(self._written))

    @property
    def cluster(self) -> Cluster:
        """The step's cluster."""
        cluster = self._attempt.context.plan.cluster_of(self._written)
        if cluster is None:
            raise ActionError(
                "the plan names no cluster", "add `cluster: {name: …, kubeconfig: …}` to the plan"
            )
        return cluster

    @property
    def restoration(self) -> Restoration | None:
        """What the plan's cluster is restored from; None if it is made anew."""
        return self._attempt.context.environment.restoration

    @property
    def other_clusters(self) -> list[ClusterAt]:
        """The plan's other clusters, each with its host."""
        clusters = self._hosts.clusters(self._attempt.context.plan, self._places)
        return [at for name, at in clusters.items() if name != (self._written.cluster or "")]

    @property
    def built_images(self) -> frozenset[str]:
        """The images that the plan builds, and loads into its cluster."""
        steps = [step for _, step in self._attempt.context.outputs.steps]
        built = {image for step in steps if step.kind != "image.pull" for image in step.images_made}
        return frozenset(built.intersection(image for step in steps for image in step.images_used))

    @property
    def delivered_images(self) -> frozenset[str]:
        """The images that the plan gets to the step's cluster."""
        found = (
            step.images_used
            for _, step in self._attempt.context.outputs.steps
            if step.kind in {"image.deliver", "kind.load"} and step.cluster == self._written.cluster
        )
        return frozenset(image for images in found for image in images)

    def image_host(self, image: str) -> Host:
        """Return the host whose container engine has an image."""
        name = self._places.images.get(image)
        if name is None:  # it may be called as an output says
            makers = (task for task, step in self._attempt.context.outputs.steps if image in step.images_made)
            name = next((self._places.tasks[task] for task in makers), None)
        return self.host if name is None else self._hosts.of(name)

    def log(self, text: str | Sequence[str], source: str = "") -> None:
        """Emit output: as one event, unless it is very long."""
        now, source = self._attempt.context.now(), "_".join(source.split())
        block = text or "\n" if isinstance(text, str) else "\n".join((*text, ""))
        lines = block.splitlines()
        self._attempt.tail.extend(lines[-TAIL:])
        for begin in range(0, len(lines), e.MOST_LINES):
            said = "\n".join(lines[begin : begin + e.MOST_LINES])
            self._attempt.emit(e.Output(now, self.task, self.attempt, self.step, said, source))

    def progress(self, done: float, total: float | None = None, unit: str = "", what: str = "") -> None:
        """Emit progress, at most ten times a second; what completes it is never dropped."""
        now = self._attempt.context.now()
        if now - self._last_progress < _PROGRESS_EVERY and done != total:
            return
        self._last_progress = now
        self._attempt.emit(e.Progressed(now, self.task, self.attempt, self.step, done, total, unit, what))

    def span(self, name: str, subject: str = "") -> OpenSpan:
        """Begin an interval."""
        attempt = self._attempt
        number = attempt.next_span()
        now = attempt.context.now()
        attempt.emit(e.SpanStarted(now, self.task, self.attempt, self.step, number, name, subject))
        return OpenSpan(attempt, number)

    def probed(self, pod: Probed) -> None:
        """Emit how long a pod waited for its probe."""
        now, fields = self._attempt.context.now(), asdict(pod)
        self._attempt.emit(e.PodProbed(now, self.task, self.attempt, self.step, **fields))

    def secret(self, value: str) -> None:
        """Mask a value in all events from now on."""
        self._attempt.context.masker.add(value)

    def holds_secret(self, text: str) -> bool:
        """Return whether a text holds a known secret."""
        masker = self._attempt.context.masker
        return masker.mask(text) != text

    def warn(self, text: str) -> None:
        """Emit a warning: something that did not go well but is no failure."""
        self._attempt.emit(e.Warned(self._attempt.context.now(), self.task, self.attempt, text))
