"""The dashboard says on which machines a run and its tasks are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.dashboard.driving import Live, driving, page, rows

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = {"default": "ssh://me@far:2222", "builder": "ssh://builder"}
PHASES: list[dict[str, list[str]]] = [{"cluster": [], "image": []}]


def live(folder: Path, hosts: dict[str, str]) -> Live:
    tasks: Any = {"image": {"host": "builder"}} if "builder" in hosts else {}
    first = {"environment": "kind", "hosts": hosts}
    return Live(folder, PHASES, first=first, tasks=tasks, hosts=hosts)


async def test_head_and_panels_name_the_machines(tmp_path: Path) -> None:
    async with driving(live(tmp_path, HOSTS)) as hands:
        await hands.advance(1.0)
        lines = rows(hands.app)
        assert "kind · me@far:2222, builder" in lines[0]
        (panel,) = [line for line in lines if " image on builder · " in line]
        assert "◐" in panel
        assert "cluster on" not in page(hands.app)


@pytest.mark.parametrize("columns", [80, 60])
async def test_a_narrow_head_has_room_for_the_machine(tmp_path: Path, columns: int) -> None:
    async with driving(live(tmp_path, {"default": "ssh://me@far:2222"}), (columns, 24)) as hands:
        await hands.advance(1.0)
        assert "kind · me@far:2222" in rows(hands.app)[0]


async def test_a_run_of_this_machine_alone_says_so(tmp_path: Path) -> None:
    async with driving(live(tmp_path, {})) as hands:
        await hands.advance(1.0)
        assert "kind · this machine" in rows(hands.app)[0]
        assert " on " not in page(hands.app).partition("image")[2].splitlines()[0]
