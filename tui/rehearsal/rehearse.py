"""An environment in which steps take as long and print the same as in a recording."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.errors import ActionError
from tui.hosts.host_set import Hosts
from tui.reporter import Done, Span
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.actions.context import Context
    from tui.cluster.provider import Restoration
    from tui.plan.steps import Step
    from tui.rehearsal.recording import RecordedStep, Recording

_FAILS_AT = 0.6  # of the step's recorded time
_NODES_RUN = "Preparing nodes"  # the span of a cluster's creation after which its nodes run


class RehearsalEnvironment:
    """Replays recorded steps; see `tui.actions.environment.Environment`.

    Attributes:
        recording: What is rehearsed.
    """

    name = "rehearsal"
    restoration: Restoration | None = None

    def __init__(
        self,
        recording: Recording,
        speed: float = 1.0,
        fail: Mapping[str, int] | None = None,
        why: str = "",
        missing: str = "",
    ) -> None:
        """Prepare a rehearsal.

        Args:
            recording: What is rehearsed.
            speed: How many times as fast as it was.
            fail: For tasks that are to fail, in how many of their first attempts.
            why: Why it is a rehearsal, where nobody asked for one.
            missing: What a real bring-up would stop at, as a sentence.
        """
        self.hosts = Hosts.here()
        self.recording = recording
        self._speed = speed
        self._fail = dict(fail or {})
        self._nodes: dict[str, asyncio.Event] = {}  # set once the nodes of a cluster run, by its name
        faster = f", {speed:g} times as fast" if speed != 1 else ""
        head = f"REHEARSAL, because {why}\n" if why else "REHEARSAL: "
        told = f"{head}nothing is created; {recording.about}{faster}"
        self.note = "\n".join(filter(None, (told, missing)))

    async def perform(self, step: Step, context: Context) -> Done:
        """Take as long as the recorded step, and report what it reported.

        Raises:
            ActionError: The recorded step failed, the recording does not have it, or it is to fail.
        """
        recorded = self._find(step, context)
        fails = context.attempt <= self._fail.get(context.task, 0) and self._is_longest(context)
        end = recorded.seconds * (_FAILS_AT if fails else 1.0)
        nodes = self._nodes_of(context) if step.makes_cluster else None
        await self._replay(recorded, context, end, nodes)
        if nodes is not None and not fails:
            nodes.set()
        if fails:
            raise ActionError("made to fail by --fail, as this is a rehearsal", "retry the task")
        if recorded.failure:
            raise ActionError(recorded.failure.cause, recorded.failure.hint, recorded.failure.details)
        return Done(recorded.note, recorded.changed)

    async def await_nodes(self, context: Context) -> None:
        """Wait until the recorded creation of the cluster has come to where its nodes run."""
        await self._nodes_of(context).wait()

    def _nodes_of(self, context: Context) -> asyncio.Event:
        return self._nodes.setdefault(context.cluster.name, asyncio.Event())

    def _find(self, step: Step, context: Context) -> RecordedStep:
        steps = self.recording.steps.get(context.task)
        hint = "bring the plan up for real once, then rehearse that run with --recording"
        if steps is None:
            raise ActionError(f"the recorded run did not come to task {context.task!r}", hint)
        if context.step >= len(steps):
            cause = f"the recording has no step {context.step + 1} of task {context.task!r}"
            raise ActionError(cause, hint)
        return steps[context.step]

    def _is_longest(self, context: Context) -> bool:
        """Return whether this step is the task's longest, which is the one that `--fail` makes fail."""
        seconds = [step.seconds for step in self.recording.steps[context.task]]
        return context.step == seconds.index(max(seconds))

    async def _replay(
        self, recorded: RecordedStep, context: Context, end: float, nodes: asyncio.Event | None
    ) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        spans: dict[int, Span] = {}
        nodes_run = 0
        try:
            for event in recorded.said:
                offset = event.at - recorded.began
                if offset > end:
                    break
                await self._sleep_until(began + offset / self._speed)
                if isinstance(event, e.SpanStarted) and event.name == _NODES_RUN:
                    nodes_run = event.span
                elif nodes is not None and isinstance(event, e.SpanFinished) and event.span == nodes_run:
                    nodes.set()
                _emit(event, context, spans)
            await self._sleep_until(began + end / self._speed)
        finally:
            for span in spans.values():
                span.close()

    async def _sleep_until(self, when: float) -> None:
        await asyncio.sleep(
            max(when - asyncio.get_running_loop().time(), 0)
        )  # always lets others have a turn


def _emit(event: e.TaskEvent, context: Context, spans: dict[int, Span]) -> None:
    if isinstance(event, e.Output):
        context.log(event.lines, event.source)
    elif isinstance(event, e.SpanStarted):
        spans[event.span] = context.span(event.name, event.subject)
    elif isinstance(event, e.SpanFinished) and event.span in spans:
        spans.pop(event.span).close()
    elif isinstance(event, e.Progressed):
        context.progress(event.done, event.total, event.unit, event.what)
    elif isinstance(event, e.Warned):
        context.warn(event.text)
