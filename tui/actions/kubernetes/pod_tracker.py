"""Tracks one pod that is waited for: its state, output and spans."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from tui.actions.kubernetes.diagnosis import Patience
from tui.actions.kubernetes.pods import (
    STAGES,
    containers,
    describe,
    readiness_probes,
    sources,
    stage,
    unschedulable,
)
from tui.reporter import Probed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.actions.context import Context
    from tui.actions.kubernetes.pods import Container
    from tui.actions.kubernetes.target import Target
    from tui.clients.kubernetes.api import Object
    from tui.reporter import Span

LINES = 15
"""Number of a pod's last lines that are kept to explain a failure."""

_EVENTS = 8
_UNSCHEDULABLE_AFTER = 10.0  # seconds: a node that is just coming up takes nothing at first
_PULL_ENDS = {"Pulled", "Failed", "BackOff", "ErrImageNeverPull"}


class PodTracker:
    """A pod of what is waited for.

    Attributes:
        item: Its object, as last seen.
        target: What it belongs to.
        name: Its name.
        source: The source of its lines in the log: `pod/NAME`.
        patience: How its containers have failed.
        lines: The last lines of its logs.
    """

    def __init__(self, pod: Object, target: Target, ctx: Context) -> None:
        self.item = pod
        self.target = target
        self.name: str = pod["metadata"]["name"]
        self.source = f"pod/{self.name}"
        self.patience = Patience()
        self.lines: deque[str] = deque(maxlen=LINES)
        self._ctx = ctx
        self._sources = sources(pod)
        self._quiet = stage(pod) == "done"  # it was ready before: there is nothing to report
        self._reported = ""
        self._stage = 0
        self._span: Span | None = None
        self._pulls: dict[str, Span | None] = {}
        self._counted: dict[str, int] = {}
        self._events: dict[str, str] = {}  # by uid, the last one last
        self._runs: set[str] = set()
        self._unschedulable_since: float | None = None
        self._warned = False
        self._running_since: float | None = None
        self._spoke: float | None = None  # when it last printed something

    @property
    def events(self) -> list[str]:
        """The last events about the pod."""
        return list(self._events.values())[-_EVENTS:]

    def see(self, pod: Object, now: float) -> None:
        """Process the pod's new state.

        Args:
            pod: Its object.
            now: The loop's time.
        """
        self.item = pod
        self.patience.see(pod, now)
        self._quiet = self._quiet and stage(pod) == "done"
        self._measure(now)
        self._see_scheduling(now)
        state = describe(pod)
        if state != self._reported and not self._quiet:
            self._ctx.log(state, self.source)
        self._reported = state

    def _measure(self, now: float) -> None:
        """End each span where the next stage begins; a pod that falls back to a stage starts no new span."""
        reached = STAGES.index(stage(self.item))
        if reached > self._stage or self._span is None:
            if STAGES[reached] == "ready":
                self._running_since = now
            elif STAGES[reached] == "done" and STAGES[self._stage] == "ready":
                self._report_probe(now)
            self._stage = max(reached, self._stage)
            if self._span:
                self._span.close()
            if STAGES[self._stage] != "done":
                self._span = self._ctx.span(STAGES[self._stage], self.source)

    def _report_probe(self, now: float) -> None:
        """Report how long the pod waited for the slowest of its readiness probes."""
        found = readiness_probes(self.item)
        if self._running_since is None or not found:
            return
        delay, period = max(found, key=sum)
        waited = now - self._running_since
        silent = None if self._spoke is None else round(min(now - self._spoke, waited), 3)
        owner = str(self.target)
        self._ctx.probed(Probed(self.source, owner, delay, period, round(waited, 3), silent))

    def _see_scheduling(self, now: float) -> None:
        if not unschedulable(self.item):
            self._unschedulable_since = None
        elif self._unschedulable_since is None:
            self._unschedulable_since = now

    def look_again(self, now: float) -> None:
        """Warn once if the pod has not been scheduled for too long."""
        since = self._unschedulable_since
        if since is not None and now - since >= _UNSCHEDULABLE_AFTER and not self._warned:
            self._warned = True
            self._ctx.warn(f"{self.source} is not scheduled: {unschedulable(self.item)}")

    def new_runs(self) -> list[Container]:
        """Return the runs of containers whose logs are not followed yet."""
        if self._quiet:
            return []
        found = [
            c for c in containers(self.item) if c.run and c.phase != "waiting" and c.run not in self._runs
        ]
        self._runs.update(c.run for c in found)
        return found

    def is_running(self, run: str) -> bool:
        """Return whether a container's run goes on."""
        return any(c.run == run and c.phase == "running" for c in containers(self.item))

    def take_lines(self, container: str, lines: Sequence[str], now: float) -> None:
        """Report lines of a container's log."""
        self._spoke = now
        self.lines.extend(lines)
        self._ctx.log(lines, self._sources.get(container, self.source))

    def take_event(self, event: Object, *, live: bool) -> None:
        """Report an event about the pod.

        Args:
            event: The event, or a new count of one that was reported.
            live: Whether it happened just now; intervals of the past are not measured.
        """
        identity, count = event["metadata"]["uid"], event.get("count") or 1
        if self._counted.get(identity) == count:
            return
        self._counted[identity] = count
        text = event_text(event)
        self._events.pop(identity, None)
        self._events[identity] = text
        self._measure_pull(event, live=live)
        if not self._quiet:
            self._ctx.log(text, self.source)

    def _measure_pull(self, event: Object, *, live: bool) -> None:
        reason, message = event.get("reason", ""), event.get("message") or ""
        image = _quoted(message)
        if reason == "Pulling" and image and not self._pulls.get(image):
            self._pulls[image] = self._ctx.span("pull", image) if live else None
        elif reason in _PULL_ENDS:
            for each in [i for i in self._pulls if i in message]:
                if span := self._pulls.pop(each):
                    span.close()

    def end_history(self) -> None:
        """Start spans for the pulls that are under way."""
        for image, span in self._pulls.items():
            if span is None:
                self._pulls[image] = self._ctx.span("pull", image)

    def close(self) -> None:
        """Close all open spans."""
        for span in (self._span, *self._pulls.values()):
            if span:
                span.close()
        self._pulls.clear()


def event_text(event: Object) -> str:
    """Return an event in one line."""
    count = event.get("count") or 1
    text = " ".join((event.get("message") or "").split())
    warning = "warning: " if event.get("type") == "Warning" else ""
    return f"{warning}{event.get('reason', '')}: {text}" + (f" (×{count})" if count > 1 else "")


def _quoted(text: str) -> str:
    """Return the quoted part of a text: in the kubelet's events, the image."""
    parts = text.split('"')
    return parts[1] if len(parts) > 2 else ""
