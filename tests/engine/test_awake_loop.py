"""Deadlines while the process was stopped."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import TYPE_CHECKING

import pytest

from tui.engine.awake_loop import AwakeLoop

if TYPE_CHECKING:
    from tui.engine.awake_loop import Ready


@pytest.mark.parametrize(("late", "in_time"), [(3600.0, True), (4.0, False)])
def test_a_deadline_does_not_pass_while_the_process_is_stopped(
    monkeypatch: pytest.MonkeyPatch, late: float, in_time: bool
) -> None:
    real, now, stops = selectors.DefaultSelector.select, [0.0], [late]

    def select(self: selectors.DefaultSelector, timeout: float | None = None) -> Ready:
        now[0] += (timeout or 0.0) + (stops.pop() if timeout and stops else 0.0)
        return real(self, 0)

    async def main() -> None:
        async with asyncio.timeout(3):
            await asyncio.sleep(1)
            await asyncio.sleep(1)

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(selectors.DefaultSelector, "select", select)
    with asyncio.Runner(loop_factory=AwakeLoop) as runner:
        if in_time:
            runner.run(main())
        else:
            with pytest.raises(TimeoutError):
                runner.run(main())
