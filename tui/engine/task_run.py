"""A task being carried out: its attempts one after the other, and how it is stopped."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tui.engine.attempt import Attempt
from tui.run import events as e

if TYPE_CHECKING:
    from collections.abc import Callable

    from tui.engine.attempt import RunContext
    from tui.plan.model import Task

_CANCEL_WITHIN = 3.0  # seconds after which nobody waits for a cancelled task any more


class TaskRun:
    """Makes attempts at a task until one succeeds, or no further one is allowed.

    Attributes:
        id: The task's id.
        attempt: The latest attempt.
        abandoned: It was given up although what it started may still run.
    """

    def __init__(
        self,
        context: RunContext,
        task: Task,
        number: int,
        finished: Callable[[TaskRun, e.Outcome, BaseException | None], None],
    ) -> None:
        """Prepare the first attempt.

        Args:
            context: What all attempts of the run share.
            task: The task.
            number: The first attempt's number, from 1.
            finished: Called once, with the outcome and what the engine itself died of in it, if it did.
        """
        self.id = task.id
        self.attempt = Attempt(context, task, number)
        self.abandoned = False
        self._context = context
        self._finished = finished
        self._running: asyncio.Task[e.Outcome] | None = None
        self._stopping = False
        self._ahead_finished: Callable[[], None] | None = None

    def start(self) -> None:
        """Start the first attempt; its event is emitted before this returns."""
        self.attempt.begin()
        self._running = asyncio.create_task(self._carry_out(), name=self.id)
        self._running.add_done_callback(self._done)

    @property
    def steps_ahead(self) -> int | None:
        """How many steps have run ahead; None while one does, and once one failed."""
        return None if self._ahead_finished else self.attempt.steps_ahead

    def start_ahead(self, finished: Callable[[TaskRun], None], *, await_nodes: bool) -> None:
        """Start the next step that runs ahead of its place.

        Args:
            finished: Called once it has finished, or was given up.
            await_nodes: Whether it first waits for the nodes of a cluster that is being created.
        """
        running = self.attempt.start_ahead(await_nodes=await_nodes)

        def end() -> None:
            if self._ahead_finished is end:
                self._ahead_finished = None
                finished(self)

        self._ahead_finished = end
        running.add_done_callback(lambda _: end())

    def stop_ahead(self) -> bool:
        """Cancel the step that runs ahead, if one does; after three seconds it is abandoned.

        Returns:
            Whether one does.
        """
        if self._ahead_finished is None:
            return False
        self.attempt.stop_ahead()
        asyncio.get_running_loop().call_later(_CANCEL_WITHIN, self.abandon_ahead)
        return True

    def abandon_ahead(self) -> None:
        """Give up the step that runs ahead, if it has not stopped."""
        if self._ahead_finished is not None:
            text = "what ran ahead did not stop in time; what it started may still run"
            self._context.emit(e.Warned(self._context.now(), self.id, self.attempt.number, text))
            self._ahead_finished()

    def stop(self) -> None:
        """Cancel what runs; after three seconds it is abandoned."""
        assert self._running is not None
        self._stopping = True
        self._running.cancel()

        def give_up() -> None:
            assert self._running is not None
            if not self._running.done():
                self.abandon("did not stop in time; what it started may still run")

        asyncio.get_running_loop().call_later(_CANCEL_WITHIN, give_up)

    def abandon(self, warning: str) -> None:
        """Finish the task as cancelled although what it started may still run.

        Args:
            warning: What to tell of it.
        """
        if self.abandoned:
            return
        assert self._running is not None
        self.abandoned = self._stopping = True
        self._running.cancel()
        self._context.emit(e.Warned(self._context.now(), self.id, self.attempt.number, warning))
        self._finished(self, "cancelled", None)

    async def settle(self, within: float) -> None:
        """Wait some seconds for an abandoned task to stop after all."""
        assert self._running is not None
        await asyncio.wait({self._running}, timeout=within)

    async def _carry_out(self) -> e.Outcome:
        outcome = await self.attempt.run()
        while outcome == "failed" and (delay := self._delay_before_next()) is not None:
            old = self.attempt
            self.attempt = Attempt(self._context, old.task, old.number + 1, old.tries + 1)
            await asyncio.sleep(delay)
            await self._context.unpaused.wait()
            self.attempt.begin()
            outcome = await self.attempt.run()
        return outcome

    def _delay_before_next(self) -> float | None:
        """Return the seconds until the next attempt, and report it, if the plan retries this failure."""
        attempt, retry, failure = self.attempt, self.attempt.task.retry, self.attempt.failure
        if self._stopping or retry is None or failure is None:
            return None
        if not failure.signature or attempt.tries >= retry.attempts:
            return None
        delay = retry.backoff[min(attempt.tries, len(retry.backoff)) - 1] if retry.backoff else 0.0
        event = e.RetryScheduled(self._context.now(), self.id, attempt.number, delay, failure.signature)
        self._context.emit(event)
        return delay

    def _done(self, running: asyncio.Task[e.Outcome]) -> None:
        """Pass the outcome on, also if the task was cancelled before it began."""
        error = None if running.cancelled() else running.exception()
        if self.abandoned and error is None:
            return
        outcome: e.Outcome = "cancelled" if running.cancelled() else "failed" if error else running.result()
        self._finished(self, outcome, error)
