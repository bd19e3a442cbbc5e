"""One attempt at one task: runs its steps in order and reports what happens."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.engine.step_context import TAIL, StepContext
from tui.engine.threads import PLACE, Place
from tui.errors import ActionError, BringupError
from tui.hosts.cpu_account import CPU_ACCOUNT, CpuAccount
from tui.hosts.host import HostLostError
from tui.plan.graph import ON_FAILURE
from tui.plan.recognition import applies, hint_for
from tui.reporter import Done
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.actions.environment import Environment
    from tui.engine.outputs import RunOutputs
    from tui.plan.model import Plan, Task
    from tui.plan.placement import Placement
    from tui.plan.steps import Step
    from tui.secrets import Masker

_GRACE = 3.0  # seconds past its deadline in which an action may still say what it waited for


@dataclass(slots=True)
class RunContext:
    """What all attempts of a run share.

    Attributes:
        run: The run's id.
        plan: The plan.
        environment: What carries out steps.
        placement: Where.
        cache: For what may be fetched again.
        emit: Takes events.
        now: Tells the seconds since the run began.
        masker: Keeps secrets out of what is emitted.
        outputs: What commands printed for later steps.
        unpaused: Set while the run is not paused.
    """

    run: str
    plan: Plan
    environment: Environment
    placement: Placement
    cache: Path
    emit: Callable[[e.Event], None]
    now: Callable[[], float]
    masker: Masker
    outputs: RunOutputs
    unpaused: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.unpaused.set()


class Attempt:
    """One attempt at a task.

    Attributes:
        number: The attempt's number among all of the task's in the run, from 1.
        tries: Its number since the task was last asked for, from 1; `retry.attempts` limits it.
        failure: Why it failed, once it has.
    """

    def __init__(self, context: RunContext, task: Task, number: int, tries: int = 1) -> None:
        self.context = context
        self.task = task
        self.number = number
        self.tries = tries
        self._state = "new"
        self._ahead: list[asyncio.Task[Done | None]] = []  # the first steps, as far as they ran ahead
        self.failure: e.Failure | None = None
        self.tail: deque[str] = deque(maxlen=TAIL)
        self._spans = 0

    def emit(self, event: e.Event) -> None:
        """Emit an event, unless the attempt has finished: then it comes from what was left behind."""
        if self._state != "finished":
            self.context.emit(event)

    def next_span(self) -> int:
        """Return a number for a new span."""
        self._spans += 1
        return self._spans

    def begin(self) -> None:
        """Emit the start of the attempt; call it before `run`."""
        self._state = "begun"
        self.emit(e.AttemptStarted(self.context.now(), self.task.id, self.number))

    def close(self, outcome: e.Outcome) -> None:
        """Emit the end of the attempt, once, and only if it has begun."""
        if self._state == "begun":
            self.emit(e.AttemptFinished(self.context.now(), self.task.id, self.number, outcome, self.failure))
        self._state = "finished"
        if self._ahead:
            self._ahead[-1].cancel()

    async def run(self) -> e.Outcome:
        """Run the steps. A failure is kept as `failure` and never raised.

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

    @property
    def steps_ahead(self) -> int | None:
        """How many steps have run ahead of their places; None if one failed."""
        failed = bool(self._ahead) and self._ahead[-1].done() and _result(self._ahead[-1]) is None
        return None if failed else len(self._ahead)

    def start_ahead(self, *, await_nodes: bool) -> asyncio.Task[Done | None]:
        """Start the next step ahead of its place; `run` takes over what it did, or runs it if it failed.

        Args:
            await_nodes: Whether it first waits for the nodes of a cluster that is being created.

        Returns:
            What runs; it returns None where the step failed.
        """
        index = len(self._ahead)
        running = asyncio.create_task(self._run_ahead(index, self.task.steps[index], await_nodes))
        self._ahead.append(running)
        return running

    def stop_ahead(self) -> None:
        """Cancel the step that runs ahead."""
        self._ahead[-1].cancel()

    async def _run_ahead(self, index: int, step: Step, await_nodes: bool) -> Done | None:
        title, now, place = step.describe(), self.context.now, (self.task.id, self.number, index)
        if await_nodes:
            try:
                await self.context.environment.await_nodes(StepContext(self, index, None))
            except Exception:  # it is told at its place, if it is still so then
                return None
        self.emit(e.PrefetchStarted(now(), *place, title))
        try:
            done = await self._perform(index, step, title)
        except Exception as error:
            cause = error.cause if isinstance(error, BringupError) else f"{type(error).__name__}: {error}"
            self.emit(e.PrefetchFinished(now(), *place, "failed", note=cause))
            return None
        except BaseException:
            self.emit(e.PrefetchFinished(now(), *place, "cancelled"))
            raise
        self.emit(e.PrefetchFinished(now(), *place, "succeeded", done.changed, done.note))
        return done

    async def _step(self, index: int, step: Step, task_deadline: float | None) -> e.Failure | None:
        with contextlib.suppress(ActionError):  # it is told where the step is carried out
            step = await self.context.outputs.fill(step)
        title = step.describe()
        self.emit(e.StepStarted(self.context.now(), self.task.id, self.number, index, title))
        try:
            ahead = self._ahead[index] if index < len(self._ahead) else None
            done = await self._perform(index, step, title, task_deadline, ahead)
        except Exception as error:  # nobody else would see it: make it the task's failure
            failure = self._failed(error, index, title)
            if self.task.id != ON_FAILURE:
                return failure
            self.emit(e.Warned(self.context.now(), self.task.id, self.number, f"{title}: {failure.cause}"))
            done = Done(f"failed: {failure.cause}")
        if done.output is not None:
            context = self.context
            self.emit(context.outputs.take(step, done.output, context.now(), context.masker))
        self.emit(
            e.StepFinished(self.context.now(), self.task.id, self.number, index, done.changed, done.note)
        )
        return None

    async def _perform(
        self,
        index: int,
        step: Step,
        title: str,
        task_deadline: float | None = None,
        ahead: asyncio.Task[Done | None] | None = None,
    ) -> Done:
        """Carry a step out, or take over what it did ahead of its place; raises why it failed."""
        if not step.is_wanted:
            return Done("not wanted", changed=False)
        step = await self.context.outputs.fill(step)
        times = [task_deadline] if task_deadline is not None else []
        if step.timeout is not None:
            times.append(asyncio.get_running_loop().time() + step.timeout)
        PLACE.set(Place(self.task.id, self.number, title))
        account = CpuAccount()
        CPU_ACCOUNT.set(account)
        given = StepContext(self, index, min(times, default=None))
        try:
            hard = None if given.deadline is None else given.deadline + _GRACE
            async with asyncio.timeout_at(hard) as limit:
                if ahead is not None and (done := await ahead) is not None:
                    return replace(done, note=f"{done.note} (ran ahead)".strip())
                return await self.context.environment.perform(step, given)
        except Exception as error:
            why = error
            if isinstance(error, TimeoutError) and given.deadline is not None and limit.expired():
                why = _timed_out(step, self.task)
            if (why := _of_lost_host(why, given)) is error:
                raise
            raise why from error
        finally:
            if account.seconds:
                used = round(account.seconds, 3)
                self.emit(e.CpuUsed(self.context.now(), self.task.id, self.number, index, used))

    def _failed(self, error: Exception, index: int, title: str) -> e.Failure:
        if not isinstance(error, BringupError):
            lines = "".join(traceback.format_exception(error))
            self.emit(
                e.Output(self.context.now(), self.task.id, self.number, index, "\n".join(lines.splitlines()))
            )
            hint = "this is a bug in bringup: report it with the traceback in the task's log"
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


def _result(running: asyncio.Task[Done | None]) -> Done | None:
    return None if running.cancelled() else running.result()


def _of_lost_host(error: Exception, context: StepContext) -> Exception:
    """Return the loss of a host's connection, if that is why the step failed; its error is then detail."""
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
