"""A run in which steps ran ahead of their places, recorded and rehearsed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.plans import Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError
from tui.rehearsal.recording import read_recording
from tui.rehearsal.rehearse import RehearsalEnvironment
from tui.reporter import Done
from tui.run import events as e
from tui.run.journal import Journal, read_state

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.context import Context
    from tui.actions.environment import Environment
    from tui.plan.steps import Step

PLAN = make_plan(
    [{"cluster": []}, {"redis": ["cluster"]}],
    cluster={"name": "demo", "kubeconfig": "/tmp/demo"},
    tasks={
        "cluster": {"steps": [{"kind": "kind.create"}]},
        "redis": {
            "steps": [
                {"kind": "image.pull", "images": ["redis:7"]},
                {"kind": "kind.load", "images": ["redis:7"]},
                {"kind": "kind.load", "images": ["other:1"]},
                {"kind": "command", "shell": "true"},
            ]
        },
    },
)
SECONDS = {"image.pull": 2.0, "kind.load": 5.0, "command": 1.0}


class Life(Scripted):
    """Nodes run after three of the cluster's twelve seconds; one load fails ahead of its place."""

    async def await_nodes(self, context: Context) -> None:
        await asyncio.sleep(3 if context.step == 1 else 0)


async def life(step: Step, context: Context) -> Done:
    if step.makes_cluster:
        with context.span("Preparing nodes"):
            await asyncio.sleep(3)
        await asyncio.sleep(9)
        return Done("created")
    await asyncio.sleep(SECONDS[step.kind])
    if context.step == 2 and asyncio.get_running_loop().time() < 16:
        raise ActionError("the disk is full")
    context.log(f"step {context.step} is done")
    return Done("done")


def bring(folder: Path, environment: Environment, mode: str = "eager") -> list[e.Event]:
    journal, said = Journal(folder), list[e.Event]()
    begin = replace(started(PLAN), mode=mode)
    run_virtual(Engine(PLAN, environment, begin, cache=folder, journal=journal, listener=said.append).run())
    journal.close()
    return said


def times(said: list[e.Event], kind: type[e.Event]) -> list[tuple[int, float]]:
    return [(ev.step, ev.at) for ev in said if isinstance(ev, kind) and ev.task == "redis"]  # type: ignore[attr-defined]


def test_what_ran_ahead_does_so_again_and_takes_as_long(tmp_path: Path) -> None:
    real = bring(tmp_path / "real", Life(life))
    assert times(real, e.PrefetchStarted) == [(0, 0), (1, 5), (2, 10)]
    assert [ev.outcome for ev in real if isinstance(ev, e.PrefetchFinished)] == ["succeeded"] * 2 + ["failed"]
    assert read_state(tmp_path / "real").tasks["redis"].prefetches[-1].note == "the disk is full"
    recording = read_recording(tmp_path / "real")
    assert [step.seconds for step in recording.steps["redis"]] == [2, 5, 10, 1]
    assert [len(step.said) for step in recording.steps["redis"]] == [1, 1, 1, 1]

    again = bring(tmp_path / "again", RehearsalEnvironment(recording))
    assert times(again, e.PrefetchStarted) == [(0, 0), (1, 3), (2, 8)]
    (begun,) = [ev for ev in again if isinstance(ev, e.AttemptStarted) and ev.task == "redis"]
    assert begun.at == 12
    assert again[-1].at == 8 + 10 + 1

    in_phases = bring(tmp_path / "phases", RehearsalEnvironment(recording), "parallel")
    assert times(in_phases, e.PrefetchStarted) == []
    assert in_phases[-1].at == 12 + 2 + 5 + 10 + 1
