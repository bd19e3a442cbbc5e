"""What a real run on this machine tells of the machine."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from tests.plans import make_plan, started
from tests.processes import needs_proc
from tui.actions.environment import KindEnvironment
from tui.engine.engine import Engine
from tui.hosts.host import HostLostError
from tui.hosts.host_set import Hosts
from tui.hosts.local import LocalHost
from tui.run import events as e
from tui.run.commands import CancelRun

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

pytestmark = needs_proc


class Elsewhere:
    """This machine, as a host that is not this machine: of it only programs tell.

    Attributes:
        watched: How often it was asked to be watched.
    """

    def __init__(self, lost: bool = False) -> None:
        self._local = LocalHost()
        self._lost = lost
        self.watched = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._local, name)

    async def run(self, argv: Sequence[str], **options: Any) -> int:
        if "tail" in argv[-1]:
            self.watched += 1
            if self._lost:
                raise HostLostError("the connection was lost")
        return await self._local.run(argv, **options)


def engine(shell: str, events: list[e.Event], cache: Path, host: Any = None) -> Engine:
    plan = make_plan([{"one": []}], tasks={"one": {"steps": [{"kind": "command", "shell": shell}]}})
    environment = KindEnvironment(Hosts.here(host))
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
    assert 0 < sum(sample.seconds for sample in samples) < state.at + 0.1
    assert {sample.cores for sample in samples} == {os.cpu_count()}
    programs = sum(s.programs.cpu * s.seconds for s in samples if s.programs)
    (step,) = state.tasks["one"].attempts[0].steps
    assert 0.3 <= step.cpu < 3
    assert 0 < programs <= step.cpu + 0.1
    assert all(s.machine.memory > (s.own.memory if s.own else 0) > 1 for s in samples)


async def test_another_machine_is_watched_by_a_program_that_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.hosts.usage.sources.EVERY", 0.2)
    host, events, enough = Elsewhere(), list[e.Event](), tmp_path / "enough"
    waits = f"until test -e '{enough}'; do sleep 0.05; done"
    running = asyncio.create_task(engine(waits, events, tmp_path, host).run())
    while sum(isinstance(event, e.Sampled) for event in events) < 2:  # noqa: ASYNC110 - what is told is watched
        await asyncio.sleep(0.02)
    await asyncio.to_thread(enough.touch)
    state = await running
    samples = list(state.samples["default"])
    assert host.watched == 1
    assert all(sample.programs is None and sample.own is None for sample in samples)
    assert state.outcome == "succeeded"


async def test_a_machine_that_is_lost_is_not_sampled_and_the_run_goes_on(tmp_path: Path) -> None:
    host = Elsewhere(lost=True)
    state = await engine("sleep 0.1", [], tmp_path, host).run()
    assert (state.outcome, state.samples, host.watched) == ("succeeded", {}, 1)


async def test_a_cancelled_run_ends_at_once(tmp_path: Path) -> None:
    events: list[e.Event] = []
    running = engine("sleep 60", events, tmp_path)
    loop = asyncio.get_running_loop()
    began = loop.time()
    loop.call_later(0.1, running.do, CancelRun())
    assert (await running.run()).outcome == "cancelled"
    assert loop.time() - began < 20


async def test_a_system_without_these_files_is_not_sampled_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As macOS is one."""
    nowhere = tmp_path / "nowhere"
    monkeypatch.setattr("tui.hosts.usage.sources._MACHINE", (str(nowhere / "stat"),))
    monkeypatch.setattr("tui.hosts.usage.here._PROCESSES", nowhere)
    events: list[e.Event] = []
    state = await engine("sleep 0.3", events, tmp_path).run()
    assert (state.outcome, state.samples) == ("succeeded", {})
    (step,) = state.tasks["one"].attempts[0].steps
    assert step.cpu > 0  # what programs used, every system tells
