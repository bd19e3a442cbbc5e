"""How much the engine costs a task: `python -m tests.bench.engine`.

Runs no-op tasks in random graphs of growing size, with the journal, and beside them the floor: the same
number of bare asyncio tasks. Times depend on the machine; the ratios are what to look at.
"""

from __future__ import annotations

import asyncio
import gc
import random
import tempfile
import time
from pathlib import Path

from tests.plans import Scripted, make_plan, started
from tui.cli import COLLECT
from tui.engine.engine import Engine
from tui.run.journal import Journal


def random_phases(
    count: int, seed: int = 1, phases: int = 5, most_needs: int = 3
) -> list[dict[str, list[str]]]:
    """Tasks in phases; each needs up to some of those before it."""
    rng = random.Random(seed)
    result: list[dict[str, list[str]]] = [{} for _ in range(phases)]
    ids: list[str] = []
    for i in range(count):
        needs = rng.sample(ids, min(len(ids), rng.randint(0, most_needs)))
        result[i * phases // count][f"t{i}"] = needs
        ids.append(f"t{i}")
    return result


def run_engine(count: int, mode: str, limit: int | None) -> float:
    """Seconds that a run of some tasks takes, the plan's making left out."""
    plan = make_plan(random_phases(count), limit=limit)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "run")
        engine = Engine(plan, Scripted(), started(plan, mode), cache=Path(folder), journal=journal)
        begin = time.perf_counter()
        state = asyncio.run(engine.run())
        seconds = time.perf_counter() - begin
        journal.close()
    assert state.outcome == "succeeded"
    return seconds


async def _bare(count: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(asyncio.sleep(0))


def run_floor(count: int) -> float:
    """Seconds that as many bare asyncio tasks take."""
    begin = time.perf_counter()
    asyncio.run(_bare(count))
    return time.perf_counter() - begin


def main() -> None:
    """Prints the table."""
    gc.set_threshold(*COLLECT)  # as the program does
    print(f"{'tasks':>7} {'mode':<11} {'limit':>5} {'seconds':>8} {'µs/task':>8} {'× floor':>8}")
    for mode, limit in (("parallel", None), ("parallel", 4), ("eager", None), ("sequential", None)):
        for count in (1000, 10_000):
            seconds = min(run_engine(count, mode, limit) for _ in range(3))
            floor = min(run_floor(count) for _ in range(3))
            per_task = seconds / count * 1e6
            case = f"{count:>7} {mode:<11} {limit or '–':>5}"
            print(f"{case} {seconds:>8.2f} {per_task:>8.1f} {seconds / floor:>8.1f}", flush=True)


if __name__ == "__main__":
    main()
