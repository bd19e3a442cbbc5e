"""One try of one task: its steps in order, what they say, and how they end."""

from __future__ import annotations

import asyncio
import traceback
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.errors import ActionError, BringupError
from tui.hosts.host import HostLostError
from tui.plan.failures import applies, hint_for
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from tui.actions.environment import Environment
    from tui.hosts.host import Host
    from tui.plan.model import Cluster, Plan, Task
    from tui.plan.placement import Placement
    from tui.plan.steps import Step

_TAIL = 15
_GRACE = 3.0  # seconds past its deadline in which an action may still say what it waited for
_PROGRESS_EVERY = 0.1


@dataclass(slots=True)
class RunContext:
    """What all attempts of a run share.

    Attributes:
        plan: The plan.
        environment: What carries out steps.
        placement: Where.
        cache: For what may be fetched again.
        say: Takes events.
        now: Seconds since the run began.
        secret: Has a value masked.
    """

    plan: Plan
    environment: Environment
    placement: Placement
    cache: Path
    say: Callable[[e.Event], None]
    now: Callable[[], float]
    secret: Callable[[str], None]


class Attempt:
    """A try of a task.

    Attributes:
        number: Which try of the task in the run this is, from 1.
        tries: Which try it is since somebody last asked for the task, from 1.
        failure: Why it failed, once it has.
    """

    def __init__(self, desk: RunContext, task: Task, number: int, tries: int = 1) -> None:
        self.desk = desk
        self.task = task
        self.number = number
        self.tries = tries
        self._state = "new"
        self.failure: e.Failure | None = None
        self.tail: deque[str] = deque(maxlen=_TAIL)
        self._spans = 0

    def say(self, event: e.Event) -> None:
        """Says an event, unless the attempt has ended: what was left behind is not listened to."""
        if self._state != "ended":
            self.desk.say(event)

    def next_span(self) -> int:
        """A number for a new span."""
        self._spans += 1
        return self._spans

    def begin(self) -> None:
        """Says that the attempt starts; `run` follows."""
        self._state = "begun"
        self.say(e.AttemptStarted(self.desk.now(), self.task.id, self.number))

    def close(self, outcome: e.Outcome) -> None:
        """Says that the attempt has ended, if it had begun and nobody has said so yet."""
        if self._state == "begun":
            self.say(e.AttemptFinished(self.desk.now(), self.task.id, self.number, outcome, self.failure))
        self._state = "ended"

    async def run(self) -> e.Outcome:
        """Runs the steps; a failure becomes `failure`, never an exception.

        Raises:
            asyncio.CancelledError: It was cancelled; all that it started has ended.
        """
        loop = asyncio.get_running_loop()
        deadline = None if self.task.timeout is None else loop.time() + self.task.timeout
        outcome: e.Outcome = "cancelled"
        try:
            for index, step in enumerate(self.task.steps):
                self.failure = await self._step(index, step, deadline)
                if self.failure:
                    outcome = "failed"
                    break
            else:
                outcome = "succeeded"
        finally:
            self.close(outcome)
        return outcome

    async def _step(self, index: int, step: Step, task_deadline: float | None) -> e.Failure | None:
        title = step.describe()
        self.say(e.StepStarted(self.desk.now(), self.task.id, self.number, index, title))
        times = [task_deadline] if task_deadline is not None else []
        if step.timeout is not None:
            times.append(asyncio.get_running_loop().time() + step.timeout)
        context = StepContext(self, index, min(times, default=None))
        try:
            hard = None if context.deadline is None else context.deadline + _GRACE
            async with asyncio.timeout_at(hard) as limit:
                done = await self.desk.environment.perform(step, context)
        except Exception as error:  # whatever escapes here would be lost: it becomes the task's failure
            if isinstance(error, TimeoutError) and context.deadline is not None and limit.expired():
                error = _timed_out(step, self.task)
            return self._failed(_of_lost_host(error, context), index, title)
        self.say(e.StepFinished(self.desk.now(), self.task.id, self.number, index, done.changed, done.note))
        return None

    def _failed(self, error: Exception, index: int, title: str) -> e.Failure:
        if not isinstance(error, BringupError):
            lines = "".join(traceback.format_exception(error))
            self.say(
                e.Output(self.desk.now(), self.task.id, self.number, index, "\n".join(lines.splitlines()))
            )
            hint = "this is a fault of bringup itself; the task's log has the traceback"
            error = ActionError(f"{type(error).__name__}: {error}".rstrip(": "), hint)
        shown = "\n".join((error.cause, *error.details, *self.tail))
        retried = applies(self.task.retry.signatures, shown) if self.task.retry else None
        return e.Failure(
            cause=error.cause,
            hint=error.hint or hint_for(shown, self.task.steps[index].kind),
            step=index,
            title=title,
            signature=retried or "",
            details=error.details,
            tail=tuple(self.tail),
        )


def _of_lost_host(error: Exception, context: StepContext) -> Exception:
    """The loss of a host's connection, if it fails of that: then its own words tell but of a consequence."""
    lost = context.host.loss or context.cluster_host.loss
    if lost is None or isinstance(error, HostLostError):
        return error
    details = (error.cause, *error.details) if isinstance(error, BringupError) else (str(error),)
    return HostLostError(lost.cause, lost.hint, details)


def _timed_out(step: Step, task: Task) -> ActionError:
    mine = step.timeout is not None and (task.timeout is None or step.timeout <= task.timeout)
    seconds = step.timeout if mine else task.timeout
    what = "the step" if mine else "the task"
    return ActionError(
        f"{what} took longer than {seconds:g} s", "raise its timeout, or see in its log what is slow"
    )


class OpenSpan:
    """A span that has begun; see `tui.actions.context.Span`."""

    def __init__(self, attempt: Attempt, number: int) -> None:
        self._attempt = attempt
        self._number = number
        self._closed = False

    def close(self) -> None:
        """Ends the interval now."""
        if not self._closed:
            self._closed = True
            desk, task = self._attempt.desk, self._attempt.task
            self._attempt.say(e.SpanFinished(desk.now(), task.id, self._attempt.number, self._number))

    def __enter__(self) -> OpenSpan:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class StepContext:
    """What one step is given; see `tui.actions.context.Context`."""

    def __init__(self, attempt: Attempt, step: int, deadline: float | None) -> None:
        desk = attempt.desk
        self.task = attempt.task.id
        self.step = step
        self.attempt = attempt.number
        self._hosts, self._places = desk.environment.hosts, desk.placement
        self.host: Host = self._hosts.of(self._places.tasks[self.task])
        self.folder: Path = desk.plan.folder
        self.cache = desk.cache
        self.variables: Mapping[str, Any] = desk.plan.variables
        self.deadline = deadline
        self._attempt = attempt
        self._last_progress = float("-inf")

    @property
    def cluster_host(self) -> Host:
        """Where the plan's cluster runs."""
        return self._hosts.of(self._places.cluster)

    @property
    def cluster(self) -> Cluster:
        """The plan's cluster."""
        cluster = self._attempt.desk.plan.cluster
        if cluster is None:
            raise ActionError(
                "the plan names no cluster", "add `cluster: {name: …, kubeconfig: …}` to the plan"
            )
        return cluster

    def image_host(self, image: str) -> Host:
        """Where an image is."""
        name = self._places.images.get(image)
        return self.host if name is None else self._hosts.of(name)

    def log(self, text: str | Sequence[str], source: str = "") -> None:
        """Says output: all that it is given as one event, unless that is very much."""
        now, source = self._attempt.desk.now(), "_".join(source.split())
        block = text or "\n" if isinstance(text, str) else "\n".join((*text, ""))
        lines = block.splitlines()
        self._attempt.tail.extend(lines[-_TAIL:])
        for begin in range(0, len(lines), e.MOST_LINES):
            said = "\n".join(lines[begin : begin + e.MOST_LINES])
            self._attempt.say(e.Output(now, self.task, self.attempt, self.step, said, source))

    def progress(self, done: float, total: float | None = None, unit: str = "", what: str = "") -> None:
        """Says how far the step is; more than ten a second are thinned out, the last one is kept."""
        now = self._attempt.desk.now()
        if now - self._last_progress < _PROGRESS_EVERY and done != total:
            return
        self._last_progress = now
        self._attempt.say(e.Progressed(now, self.task, self.attempt, self.step, done, total, unit, what))

    def span(self, name: str, subject: str = "") -> OpenSpan:
        """Begins an interval."""
        attempt = self._attempt
        number = attempt.next_span()
        now = attempt.desk.now()
        attempt.say(e.SpanStarted(now, self.task, self.attempt, self.step, number, name, subject))
        return OpenSpan(attempt, number)

    def secret(self, value: str) -> None:
        """Has a value masked from now on."""
        self._attempt.desk.secret(value)

    def warn(self, text: str) -> None:
        """Says what did not go well but is no failure."""
        self._attempt.say(e.Warned(self._attempt.desk.now(), self.task, self.attempt, text))
