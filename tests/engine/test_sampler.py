"""What a real run on this machine tells of the machine."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tests.plans import make_plan, started
from tests.processes import needs_proc
from tui.actions.environment import KindEnvironment
from tui.engine.engine import Engine
from tui.hosts.host_set import Hosts
from tui.run import events as e
from tui.run.commands import CancelRun

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

pytestmark = needs_proc


def engine(shell: str, events: list[e.Event], cache: Path) -> Engine:
    plan = make_plan([{"one": []}], tasks={"one": {"steps": [{"kind": "command", "shell": shell}]}})
    environment = KindEnvironment(Hosts.here())
    return Engine(plan, environment, started(plan), cache=cache, listener=events.append, sample=True)


async def test_a_run_tells_what_its_programs_and_the_machine_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.engine.sampler.EVERY", 0.25)
    events: list[e.Event] = []
    burn = 'python3 -Ic "import time\nwhile time.process_time() < 0.3: pass"; sleep 0.4'
    state = await engine(burn, events, tmp_path).run()
    samples = list(state.samples["default"])
    assert isinstance(events[-1], e.RunFinished)
    assert state.at - 0.5 < sum(sample.seconds for sample in samples) < state.at + 0.1
    assert {sample.cores for sample in samples} == {os.cpu_count()}
    programs = sum(s.programs.cpu * s.seconds for s in samples if s.programs)
    (step,) = state.tasks["one"].attempts[0].steps
    assert 0.3 <= step.cpu < 3
    assert 0.1 <= programs <= step.cpu + 0.1
    assert all(s.machine.memory > (s.own.memory if s.own else 0) > 1 for s in samples)


async def test_a_cancelled_run_ends_at_once(tmp_path: Path) -> None:
    events: list[e.Event] = []
    running = engine("sleep 60", events, tmp_path)
    loop = asyncio.get_running_loop()
    began = loop.time()
    loop.call_later(0.1, running.do, CancelRun())
    assert (await running.run()).outcome == "cancelled"
    assert loop.time() - began < 3
