"""The engine: carries out a plan, takes commands while it does, and says all that happens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.engine.attempt import Attempt, RunContext
from tui.engine.schedule import Schedule
from tui.plan.placement import placement
from tui.run import events as e
from tui.run.commands import refusal, rerun, restarted
from tui.run.mask import mask_event
from tui.run.state import RunState
from tui.secrets import Masker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from tui.actions.environment import Environment
    from tui.plan.model import Mode, Plan, Task
    from tui.run.commands import Command
    from tui.run.journal import Journal

_CANCEL_WITHIN = 3.0


class Engine:
    """One run of a plan.

    Make it, then await `run`. The commands may be given at any moment, on the loop that runs it; each says
    whether there was something to do.

    Attributes:
        state: What has happened so far; the fold of all that was said.
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
        stay: bool = False,
    ) -> None:
        """Prepares a run.

        Args:
            plan: What is to be done.
            environment: What carries out its steps.
            started: The run's first event, but for its time.
            cache: A folder for what may be fetched again.
            journal: Keeps the events.
            listener: Is told each event, on the engine's loop; must not wait.
            keep: Tasks that are done already, with the run that did them, or "" for one taken on trust.
            stay: When all tasks have ended, stay for commands; see `stay`.
        """
        self.state = RunState()
        self._tasks: dict[str, Task] = {task.id: task for task in plan.tasks}
        self._environment = environment
        self._started = started
        self._journal = journal
        self._listener = listener
        self._keep = dict(keep or {})
        self._stays = stay
        self._masker = Masker(plan.secret_values)
        self._desk = RunContext(
            plan, environment, placement(plan), cache, self._emit, self._now, self._masker.add
        )
        self._running: dict[str, tuple[asyncio.Task[e.Outcome], Attempt]] = {}
        self._abandoned: set[asyncio.Task[e.Outcome]] = set()
        self._restarting: set[str] = set()  # running tasks that wait again as soon as they have ended
        self._fault: BaseException | None = None
        self._wake = asyncio.Event()
        self._began = 0.0

    async def run(self) -> RunState:
        """Runs until all tasks have ended, or a cancelled run has been drained, and closes the hosts."""
        try:
            return await self._run()
        finally:
            await self._environment.hosts.close()

    async def _run(self) -> RunState:
        self._began = asyncio.get_running_loop().time()
        self._emit(self._started)
        for task, run in self._keep.items():
            self._emit(e.TaskKept(self._now(), task, run))
        self._schedule = Schedule(self.state)
        for task in self._keep:
            self._schedule.ended(task)
        while True:
            if self._fault is not None:
                raise self._fault
            self._start_tasks()
            if self._is_over():
                break
            await self._wake.wait()
            self._wake.clear()
        await self._leave()
        return self.state

    @property
    def journal(self) -> Journal | None:
        """What keeps the events."""
        return self._journal

    # Commands: `tui.run.commands` says which are taken when

    def retry(self, task: str) -> bool:
        """Runs a failed or cancelled task again, and then what it held up."""
        return self._takes("retry", task) and self._retry([task])

    def retry_failed(self) -> bool:
        """Runs all failed and cancelled tasks again, and then what they held up."""
        failed = self.state.with_status("failed", "cancelled")
        return self._takes("retry_failed") and self._retry([task.id for task in failed])

    def restart(self, task: str) -> bool:
        """Runs a task again and everything that needs it, whatever has become of it.

        Those of them that run are stopped first, and none starts again before all of these have ended.
        """
        if not self._takes("restart", task):
            return False
        again = [each.id for each in restarted(self.state, task)]
        running = [id_ for id_ in again if id_ in self._running]
        for id_ in running:
            if not self.state.tasks[id_].cancelling:
                self._emit(e.CancelRequested(self._now(), id_))
                self._stop(id_)
        self._restarting.update(running)
        self._reset([id_ for id_ in again if id_ not in self._running])
        return True

    def cancel(self, task: str) -> bool:
        """Stops a task: what it started ends within three seconds. What needs it is skipped."""
        if not self._takes("cancel", task):
            return False
        self._emit(e.CancelRequested(self._now(), task))
        if task in self._running:
            self._stop(task)
        else:
            self._end(task, "cancelled")
        return True

    def cancel_run(self) -> bool:
        """Stops everything; the run ends when all has."""
        if not self._takes("cancel_run"):
            return False
        self._emit(e.CancelRequested(self._now()))
        self._restarting.clear()
        for task in self.state.with_status("waiting"):
            self._emit(e.TaskFinished(self._now(), task.id, "cancelled"))
        for id_ in list(self._running):
            if not self.state.tasks[id_].cancelling:
                self._stop(id_)
        self._wake.set()
        return True

    def kill(self) -> bool:
        """Ends everything at once, without waiting for it to tidy up."""
        self.cancel_run()
        self._environment.hosts.kill()
        for id_ in list(self._running):
            self._abandon(id_, "was killed before it could tidy up")
        return True

    def set_mode(self, mode: Mode) -> bool:
        """Changes the mode; what runs goes on."""
        if not self._takes("set_mode", mode):
            return False
        self._emit(e.ModeChanged(self._now(), mode))
        self._wake.set()
        return True

    def pause(self) -> bool:
        """Starts no further task; what runs goes on."""
        if not self._takes("pause"):
            return False
        self._emit(e.RunPaused(self._now()))
        return True

    def resume(self) -> bool:
        """Starts tasks again."""
        if not self._takes("resume"):
            return False
        self._emit(e.RunResumed(self._now()))
        self._wake.set()
        return True

    def stay(self, on: bool) -> None:
        """Whether the run stays for commands when all tasks have ended, or ends with them."""
        self._stays = on
        self._wake.set()

    def close(self) -> None:
        """Ends the run as soon as all tasks have ended."""
        self.stay(False)

    def _takes(self, command: Command, argument: str = "") -> bool:
        return not refusal(self.state, command, argument)

    # Saying what happens

    def _now(self) -> float:
        return round(asyncio.get_running_loop().time() - self._began, 6)

    def _emit(self, event: e.Event) -> None:
        event = mask_event(event, self._masker)
        self.state.apply(event)
        if self._journal is not None:
            healthy = not self._journal.fault
            self._journal.append(event)
            if healthy and self._journal.fault:
                self._emit(e.Warned(self._now(), "", 0, self._journal.fault))
        if self._listener is not None:
            self._listener(event)

    # Carrying out decisions

    def _start_tasks(self) -> None:
        while (id_ := self._schedule.decide()) is not None:
            attempt = Attempt(self._desk, self._tasks[id_], len(self.state.tasks[id_].attempts) + 1)
            attempt.begin()  # before anything else is decided: the decision goes by what has been said
            running = asyncio.create_task(self._carry_out(attempt), name=id_)
            running.add_done_callback(self._carried_out)
            self._running[id_] = running, attempt

    async def _carry_out(self, attempt: Attempt) -> e.Outcome:
        """Tries a task until it succeeds, or may not be tried again."""
        outcome = await attempt.run()
        while outcome == "failed" and (delay := self._pause_before_next(attempt)) is not None:
            attempt = Attempt(self._desk, attempt.task, attempt.number + 1, attempt.tries + 1)
            self._running[attempt.task.id] = self._running[attempt.task.id][0], attempt
            await asyncio.sleep(delay)
            attempt.begin()
            outcome = await attempt.run()
        return outcome

    def _carried_out(self, running: asyncio.Task[e.Outcome]) -> None:
        """Takes note of a task's end; also of one that was cancelled before it ran at all."""
        outcome: e.Outcome = "cancelled"
        if not running.cancelled():
            fault = running.exception()
            outcome = "failed" if fault else running.result()
            self._fault = self._fault or fault
        if running not in self._abandoned:
            self._end(running.get_name(), outcome)

    def _pause_before_next(self, attempt: Attempt) -> float | None:
        """Seconds until a failed task is tried again, if its plan wants that for this failure."""
        retry, failure = attempt.task.retry, attempt.failure
        if retry is None or failure is None or not failure.signature or attempt.tries >= retry.attempts:
            return None
        delay = retry.backoff[min(attempt.tries, len(retry.backoff)) - 1] if retry.backoff else 0.0
        event = e.RetryScheduled(self._now(), attempt.task.id, attempt.number, delay, failure.signature)
        self._emit(event)
        return delay

    def _end(self, id_: str, outcome: e.Outcome) -> None:
        """Takes note that a task has reached a final state, and what follows from it."""
        _, attempt = self._running.pop(id_, (None, None))
        if attempt is not None:
            attempt.close(outcome)
        self._emit(e.TaskFinished(self._now(), id_, outcome))
        waits = id_ in self._restarting and self._restart_ended(id_)
        if outcome == "succeeded":
            self._schedule.ended(id_)
        elif not waits:
            self._skip(id_)
        self._wake.set()

    def _skip(self, id_: str) -> None:
        """Skips what needs a task that did not succeed."""
        for dependent in self._in_order(self.state.graph.held_up([id_])):
            if self.state.tasks[dependent].status == "waiting":
                self._emit(e.TaskFinished(self._now(), dependent, "skipped", because=id_))

    def _restart_ended(self, id_: str) -> bool:
        """Lets a task that was stopped for it wait again, unless what it needs was cancelled meanwhile."""
        self._restarting.discard(id_)
        again = rerun(self.state, [id_])
        self._reset(again)
        return bool(again)

    def _retry(self, ids: list[str]) -> bool:
        self._reset(rerun(self.state, ids))
        return True

    def _reset(self, ids: list[str]) -> None:
        """Lets ended tasks wait again; none starts before all have ended that are restarted with it."""
        for id_ in ids:
            self._emit(e.TaskReset(self._now(), id_))
        self._schedule.withhold(ids)
        if not self._restarting:
            self._schedule.release()
        self._wake.set()

    def _in_order(self, ids: Iterable[str]) -> list[str]:
        return sorted(ids, key=self.state.graph.position.__getitem__)

    # Stopping

    def _stop(self, id_: str) -> None:
        """Cancels what runs of a task; after three seconds nobody waits for it any more."""
        running, _ = self._running[id_]
        running.cancel()

        def give_up() -> None:
            held = self._running.get(id_)
            if held is not None and held[0] is running:
                self._abandon(id_, "did not stop in time; what it started may still run")

        asyncio.get_running_loop().call_later(_CANCEL_WITHIN, give_up)

    def _abandon(self, id_: str, warning: str) -> None:
        """Ends a task although what it started may not have ended: that is left behind, and said."""
        running, attempt = self._running[id_]
        self._abandoned.add(running)
        running.cancel()
        self._emit(e.Warned(self._now(), id_, attempt.number, warning))
        self._end(id_, "cancelled")

    def _is_over(self) -> bool:
        stays = self._stays and not self.state.cancelling
        return not (self._running or stays or self.state.unfinished)

    async def _leave(self) -> None:
        """Waits, for a bounded time, for what was left behind; then says how the run ended."""
        if self._abandoned:
            await asyncio.wait(self._abandoned, timeout=1.0)
        unfit = self.state.with_status("failed", "cancelled", "skipped")
        outcome: e.RunOutcome = "cancelled" if self.state.cancelling else "failed" if unfit else "succeeded"
        self._emit(e.RunFinished(self._now(), outcome))
