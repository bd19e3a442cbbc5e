"""How much a forecast costs, and an answer to why: `python -m tests.bench.insight`.

Foretells random graphs of growing size, before anything has run and halfway through, and beside that the
floor: one pass over the same graph that finds when each task would start. Then asks of a run of 200 tasks of
three steps, with spans and samples, why it took so long, as a command from its start to its end; beside it
the command that only tells the version. Times depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.bench.engine import random_phases
from tests.plans import NOTHING, make_plan, started
from tui.insight.forecast import forecast
from tui.plan.load import load_plan
from tui.plan.simulation import Rules, simulate_whole
from tui.run import events as e
from tui.run.journal import Journal
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_REPEATS = 9
_STEPS = 3  # of a task, and
_SPANS = 2  # of a step, as in real plans


def halfway(begun: RunState, seconds: Mapping[str, float]) -> RunState:
    """A run that has gone as foretold until half of its time has passed."""
    assert begun.started is not None
    ahead = forecast(begun, seconds, 0.0)
    events = sorted(_told(ahead.starts, ahead.ends), key=lambda event: event.at)
    return fold([begun.started, *(event for event in events if event.at <= ahead.end / 2)])


def _told(starts: Mapping[str, float], ends: Mapping[str, float]) -> Iterator[e.Event]:
    for task, end in ends.items():
        yield e.AttemptStarted(starts[task], task, 1)
        yield e.AttemptFinished(end, task, 1, "succeeded")
        yield e.TaskFinished(end, task, "succeeded")


def best(run: Callable[[], object]) -> float:
    """Milliseconds that something takes at best."""
    found = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        run()
        found.append(time.perf_counter() - begin)
    return min(found) * 1e3


def measure(count: int, mode: str, limit: int | None) -> tuple[float, float, float]:
    """Milliseconds of the floor, and of a forecast of a run that begins and of one that is halfway."""
    begun = fold([started(make_plan(random_phases(count), limit=limit), mode)])
    rng = random.Random(1)
    seconds = {id_: rng.uniform(1, 60) for id_ in begun.tasks}
    half = halfway(begun, seconds)
    return (
        best(lambda: simulate_whole(begun.graph, seconds, Rules("parallel"))),
        best(lambda: forecast(begun, seconds, 0.0)),
        best(lambda: forecast(half, seconds, half.at)),
    )


def kept(folder: Path, count: int) -> Path:
    """The journal of a run of some tasks that computed and waited, sampled once a second.

    Of its plan a need can be dropped, so that there is a patch to advise.
    """
    phases = random_phases(count - 2)
    phases[0]["image"] = []
    phases[-1]["space"] = ["image"]
    file = folder / "plan.yaml"
    file.write_text(yaml.safe_dump(_plan(phases), sort_keys=False))
    loaded = load_plan(file)
    first = replace(
        started(loaded.plan, "eager"),
        environment="kind",
        path=str(file),
        digest=loaded.digest,
        prefetch=False,
    )
    rng = random.Random(1)
    begun = fold([first])
    seconds = {id_: rng.uniform(1, 60) for id_ in begun.tasks} | {"image": 600.0, "space": 120.0}
    ahead = forecast(begun, seconds, 0.0)
    events = [event for id_ in begun.tasks for event in _in_steps(id_, ahead.starts[id_], ahead.ends[id_])]
    usage = e.Usage(1.5, 2000.0)
    events += [
        e.Sampled(float(at), 1.0, "default", 8, 8000.0, 3.0, usage, nodes=usage)
        for at in range(1, int(ahead.end))
    ]
    journal = Journal(folder / "run")
    for event in [first, *sorted(events, key=lambda event: event.at), e.RunFinished(ahead.end, "succeeded")]:
        journal.append(event)
    journal.close()
    return journal.directory


def _plan(phases: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, Any]:
    """A plan as its file has it."""
    steps = {
        "image": [{"kind": "image.pull", "images": [f"redis:{i}"]} for i in range(_STEPS)],
        "space": [{"kind": "kubernetes.namespace", "names": [f"s{i}"]} for i in range(_STEPS)],
    }
    return {
        "apiVersion": "bringup/v1",
        "name": "test",
        "cluster": {"name": "c", "kubeconfig": "kc"},
        "phases": [
            {
                "id": f"phase-{i}",
                "tasks": [
                    {"id": id_, "needs": [*needs], "steps": steps.get(id_, [NOTHING] * _STEPS)}
                    for id_, needs in phase.items()
                ],
            }
            for i, phase in enumerate(phases)
        ],
    }


def _in_steps(task: str, start: float, end: float) -> Iterator[e.Event]:
    yield e.AttemptStarted(start, task, 1)
    each = (end - start) / _STEPS
    for step in range(_STEPS):
        at = start + step * each
        yield e.StepStarted(at, task, 1, step, f"step {step}")
        for span in range(_SPANS):
            number = step * _SPANS + span + 1
            yield e.SpanStarted(at + span * each / _SPANS, task, 1, step, number, "load", f"image:{span}")
            yield e.SpanFinished(at + (span + 1) * each / _SPANS, task, 1, number)
        yield e.CpuUsed(at + each, task, 1, step, each / 20)
        yield e.StepFinished(at + each, task, 1, step)
    yield e.AttemptFinished(end, task, 1, "succeeded")
    yield e.TaskFinished(end, task, "succeeded")


def command(folder: str, *arguments: str) -> float:
    """Milliseconds that a command takes at best, in a directory."""
    line = (sys.executable, "-m", "tui", *arguments)
    return best(lambda: subprocess.run(line, check=True, stdout=subprocess.DEVNULL, cwd=folder))


def main() -> None:
    """Prints the tables."""
    print(f"{'':>25} {'at the begin':>17} {'halfway':>17}")
    print(f"{'tasks':>7} {'mode':<11} {'limit':>5} {'ms':>8} {'× floor':>8} {'ms':>8} {'× floor':>8}")
    for mode, limit in (("parallel", None), ("eager", None), ("sequential", None), ("parallel", 4)):
        for count in (100, 1000, 5000):
            floor, *took = measure(count, mode, limit)
            columns = [f"{each:>8.2f} {each / floor:>8.2f}" for each in took]
            print(f"{count:>7} {mode:<11} {limit or '–':>5}", *columns, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        run = str(kept(Path(folder), 200))
        version = command(folder, "--version")
        print(f"\nbringup --version            {version:>5.0f} ms")
        commands = ("why", run), ("what-if", run, "--mode", "eager"), ("compare", run, run), ("advise", run)
        for asked in commands:
            spent = command(folder, *asked)
            print(
                f"bringup {asked[0]:<8} of 200 tasks {spent:>5.0f} ms {spent / version:>8.2f} × floor",
                flush=True,
            )


if __name__ == "__main__":
    main()
