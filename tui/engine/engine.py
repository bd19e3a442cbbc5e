"""The engine: carries out a plan, takes commands meanwhile, and emits an event for all that happens."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Protocol

from tui.engine.attempt import RunContext
from tui.engine.outputs import RunOutputs
from tui.engine.prefetch import Prefetcher
from tui.engine.sampler import Sampler
from tui.engine.schedule import Schedule
from tui.engine.task_run import TaskRun
from tui.engine.threads import StepThreads
from tui.errors import NotReadyError
from tui.plan.graph import ON_FAILURE
from tui.plan.placement import placement
from tui.plan.wanted import unwanted
from tui.run import events as e
from tui.run.commands import (
    Cancel,
    CancelRun,
    Close,
    Kill,
    Pause,
    Restart,
    Resume,
    Retry,
    RetryFailed,
    SetMode,
    Stay,
    rerun,
    restarted,
)
from tui.run.mask import mask_event
from tui.run.state import FINAL, RunState
from tui.secrets import Masker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from tui.actions.environment import Environment
    from tui.plan.model import Plan, Task
    from tui.run.commands import Command
    from tui.run.journal import Journal

_SETTLE_WITHIN = 1.0  # seconds that abandoned tasks and blocked threads are given at the end


class Lock(Protocol):
    """Keeps other runs off the cluster."""

    def take(self) -> None:
        """Take it, unless it is taken already.

        Raises:
            NotReadyError: Another run has it.
        """

    def release(self) -> None:
        """Let others have it."""


class Engine:
    """One run of a plan.

    Make it, then await `run`. Give it commands by `do` at any moment, on the loop that runs it.

    Attributes:
        state: The run so far: the fold of all events.
        clean: Nothing of the run is left in this process, once it has finished.
    """

    def __init__(
        self,
        plan: Plan,
        environment: Environment,
        started: e.RunStarted,
        *,
        cache: Path,
        journal: Journal | None = None,
        listener: Callable[[e.Event], None] | None = None,
        keep: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        stay: bool = False,
        lock: Lock | None = None,
        sample: bool = False,
        beside: AbstractAsyncContextManager[object] | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            plan: The plan.
            environment: Carries out its steps.
            started: The run's first event, but for its time.
            cache: A directory for what may be fetched again.
            journal: Keeps the events.
            listener: Called with each event, on the engine's loop; must not block.
            keep: Tasks that are done already, with the run that did them, or "" where none is known.
            outputs: The outputs of tasks that are done already.
            stay: When all tasks have finished, stay for commands; see `Stay`.
            lock: Keeps others off the cluster; it is released while all tasks have finished.
            sample: Tell once a second what the hosts are busy with.
            beside: What is held while it runs, on its loop.
        """
        self.state = RunState()
        self._tasks: dict[str, Task] = {task.id: task for task in plan.tasks}
        self._environment = environment
        self._started = started
        self._journal = journal
        self._listener = listener
        self._keep = dict(keep or {})
        self._stays = stay
        self._lock = lock
        self._beside = beside or contextlib.nullcontext()
        self._masker = Masker(plan.secret_values)
        self._context = RunContext(
            started.run,
            plan,
            environment,
            placement(plan),
            cache,
            self._emit,
            self._now,
            self._masker,
            RunOutputs(plan, outputs or {}, assume=started.environment == "rehearsal"),
        )
        self._outputs = dict(outputs or {})
        self._sampler = Sampler(self._context, lambda: bool(self.state.running)) if sample else None
        self.clean = True
        self._threads = StepThreads()
        self._running: dict[str, TaskRun] = {}
        self._prefetcher = Prefetcher(plan, self.state, self._make_run, self._wake_up)
        self._abandoned: list[TaskRun] = []
        self._restarting: set[str] = set()  # running tasks that are to wait again once they have stopped
        self._error: BaseException | None = None
        self._wake = asyncio.Event()
        self._clock = time.monotonic  # the loop's, once it runs
        self._began = 0.0
        self._handlers: Mapping[type[Command], Callable[[Any], None]] = {
            Retry: self._retry,
            RetryFailed: self._retry_failed,
            Restart: self._restart,
            Cancel: self._cancel,
            CancelRun: self._cancel_run,
            Kill: self._kill,
            SetMode: self._set_mode,
            Pause: self._pause,
            Resume: self._resume,
            Stay: self._stay,
            Close: self._close,
        }

    async def run(self) -> RunState:
        """Run until all tasks have finished, or have stopped after a cancel; then close the hosts."""
        asyncio.get_running_loop().set_default_executor(self._threads)
        try:
            async with self._beside:
                return await self._run()
        finally:
            await self._stop_sampling()
            await self._environment.hosts.close()
            self.clean = self._threads.leave(asyncio.get_running_loop())

    async def _run(self) -> RunState:
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._emit(self._started)
        for task, run in self._keep.items():
            self._emit(e.TaskKept(self._now(), task, run))
        for name, value in self._outputs.items():
            self._emit(e.OutputMade(self._now(), name, value))
        self._schedule = Schedule(self.state)
        for task in self._keep:
            self._schedule.succeeded(task)
        if self._sampler is not None:
            self._sampler.start()
        while True:
            if self._error is not None:
                raise self._error
            self._start_tasks()
            self._prefetcher.start()
            if self._is_over():
                break
            if self._lock is not None and not (self._running or self.state.unfinished):
                self._lock.release()
            await self._wake.wait()
            self._wake.clear()
        await self._leave()
        return self.state

    def do(self, command: Command) -> str:
        """Carry out a command, unless the run refuses it; on the loop that runs the engine.

        Returns:
            Why it is refused; empty where it was carried out.
        """
        reason = command.refusal(self.state) or self._take_cluster(command)
        if not reason:
            self._handlers[type(command)](command)
            self._wake.set()
        return reason

    def _take_cluster(self, command: Command) -> str:
        """Lock the cluster again before tasks run again; warn and return why if another run has it."""
        if self._lock is not None and isinstance(command, Retry | RetryFailed | Restart):
            try:
                self._lock.take()
            except NotReadyError as error:
                self._emit(e.Warned(self._now(), "", 0, error.cause))
                return error.cause
        return ""

    # Commands

    def _retry(self, command: Retry) -> None:
        self._reset(rerun(self.state, [command.task]))

    def _retry_failed(self, _: RetryFailed) -> None:
        failed = self.state.with_status("failed", "cancelled")
        self._reset(rerun(self.state, [task.id for task in failed]))

    def _restart(self, command: Restart) -> None:
        again = [each.id for each in restarted(self.state, command.task)]
        running = [id_ for id_ in again if id_ in self._running]
        for id_ in running:
            if not self.state.tasks[id_].cancelling:
                self._emit(e.CancelRequested(self._now(), id_))
                self._running[id_].stop()
        self._restarting.update(running)
        self._reset([id_ for id_ in again if id_ not in self._running])

    def _cancel(self, command: Cancel) -> None:
        self._emit(e.CancelRequested(self._now(), command.task))
        if command.task in self._running:
            self._running[command.task].stop()
        else:
            self._end(command.task, "cancelled")

    def _cancel_run(self, _: CancelRun) -> None:
        self._emit(e.CancelRequested(self._now()))
        self._restarting.clear()
        for task in self.state.with_status("waiting"):
            self._emit(e.TaskFinished(self._now(), task.id, "cancelled"))
        for id_, running in list(self._running.items()):
            if not self.state.tasks[id_].cancelling:
                running.stop()

    def _kill(self, _: Kill) -> None:
        self.do(CancelRun())
        self._environment.hosts.kill()
        self._prefetcher.kill()
        for running in list(self._running.values()):
            running.abandon("was killed before it could tidy up")
        self._stays = False

    def _set_mode(self, command: SetMode) -> None:
        self._emit(e.ModeChanged(self._now(), command.mode))

    def _pause(self, _: Pause) -> None:
        self._emit(e.RunPaused(self._now()))
        self._context.unpaused.clear()

    def _resume(self, _: Resume) -> None:
        self._emit(e.RunResumed(self._now()))
        self._context.unpaused.set()

    def _stay(self, _: Stay) -> None:
        self._stays = True

    def _close(self, _: Close) -> None:
        self._stays = False

    # Events

    def _now(self) -> float:
        return round((self._clock() - self._began) * 1e6) / 1e6  # microseconds, in a third of the time

    def _emit(self, event: e.Event) -> None:
        if not self._masker.is_idle:
            event = mask_event(event, self._masker)
        self.state.apply(event)
        self._prefetcher.see(event)
        if self._journal is not None:
            healthy = not self._journal.error
            self._journal.append(event)
            if healthy and self._journal.error:
                self._emit(e.Warned(self._now(), "", 0, self._journal.error))
        if self._listener is not None:
            self._listener(event)

    # Tasks

    def _start_tasks(self) -> None:
        while (id_ := self._schedule.decide()) is not None:
            self._running[id_] = self._prefetcher.take(id_) or self._make_run(id_)
            self._running[id_].start()  # the next decision needs its start in the state

    def _make_run(self, id_: str) -> TaskRun:
        number = len(self.state.tasks[id_].attempts) + 1
        task = self._tasks[id_]
        if id_ == ON_FAILURE and not self.state.with_status("failed"):
            task = unwanted(task)
        return TaskRun(self._context, task, number, self._task_finished)

    def _wake_up(self) -> None:
        self._wake.set()

    def _task_finished(self, run: TaskRun, outcome: e.Outcome, error: BaseException | None) -> None:
        self._error = self._error or error
        if run.abandoned and error is None:
            self._abandoned.append(run)
        if self._running.get(run.id) is run:
            self._end(run.id, outcome)
        self._wake.set()

    def _end(self, id_: str, outcome: e.Outcome) -> None:
        """Finish a task, and skip or release the tasks that need it."""
        run = self._running.pop(id_, None)
        if run is not None:
            run.attempt.close(outcome)
        self._emit(e.TaskFinished(self._now(), id_, outcome))
        waits = id_ in self._restarting and self._restart_stopped(id_)
        if outcome == "succeeded":
            self._schedule.succeeded(id_)
        elif not waits:
            self._skip(id_)
        self._wake.set()

    def _skip(self, id_: str) -> None:
        """Skip the tasks that need one that did not succeed."""
        for dependent in self._in_order(self.state.graph.held_up([id_])):
            if self.state.tasks[dependent].status == "waiting":
                self._emit(e.TaskFinished(self._now(), dependent, "skipped", because=id_))

    def _restart_stopped(self, id_: str) -> bool:
        """Let a task wait again that a restart has stopped, unless what it needs was cancelled."""
        self._restarting.discard(id_)
        again = rerun(self.state, [id_])
        self._reset(again)
        return bool(again)

    def _reset(self, ids: list[str]) -> None:
        """Let finished tasks wait again; none starts before all that are restarted with it have stopped."""
        last = self.state.tasks.get(ON_FAILURE)
        if ids and last is not None and last.status in FINAL and ON_FAILURE not in ids:
            ids = [*ids, ON_FAILURE]
        for id_ in ids:
            self._emit(e.TaskReset(self._now(), id_))
        self._schedule.withhold(ids)
        if not self._restarting:
            self._schedule.release()
        self._wake.set()

    def _in_order(self, ids: Iterable[str]) -> list[str]:
        return sorted(ids, key=self.state.graph.position.__getitem__)

    # The end

    def _is_over(self) -> bool:
        stays = self._stays and not self.state.cancelling
        return not (self._running or self._prefetcher.stopping or stays or self.state.unfinished)

    async def _leave(self) -> None:
        """Wait a second for abandoned tasks to stop, and finish the run."""
        await asyncio.gather(*(run.settle(_SETTLE_WITHIN) for run in self._abandoned))
        await self._stop_sampling()
        for place in await self._threads.blocked(_SETTLE_WITHIN):
            text = f"{place.title} is blocked in a call that cannot be interrupted; it was left behind"
            self._emit(e.Warned(self._now(), place.task, place.attempt, text))
        unfit = self.state.with_status("failed", "cancelled", "skipped")
        outcome: e.RunOutcome = "cancelled" if self.state.cancelling else "failed" if unfit else "succeeded"
        self._emit(e.RunFinished(self._now(), outcome))

    async def _stop_sampling(self) -> None:
        if self._sampler is not None:
            await self._sampler.stop()
            self._sampler = None
