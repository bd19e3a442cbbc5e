"""Films of races and replays: what a picture shows at each moment, and what a player is told."""

from __future__ import annotations

import asyncio
import json
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest

from tests.commands import bringup
from tests.plans import make_plan, started
from tui.dashboard.film import svg as module
from tui.dashboard.film.cast import as_cast
from tui.dashboard.film.film import Film, Look, Mark, Picture
from tui.dashboard.film.svg import as_svg
from tui.errors import BringupError
from tui.run import events as e
from tui.run.journal import Journal

if TYPE_CHECKING:
    from pathlib import Path

PLAIN, BRIGHT = Look("#e0e0e0", "#121212", False), Look("#121212", "#00ff00", True)
HOSTILE = "<script>alert(1)</script>&\x00 完"
SVG = "{http://www.w3.org/2000/svg}"


def film(count: int = 3) -> Film:
    """A film whose first row stays and whose second one counts."""
    pictures = [
        Picture(float(i), (((f"  {HOSTILE}", PLAIN),), ((f"no {i}  ", BRIGHT), ("now", PLAIN))))
        for i in range(count)
    ]
    return Film(HOSTILE, (40, 2), PLAIN, pictures, count + 3.0, [Mark(1.0, "1 one"), Mark(1.5, "✗ a failed")])


def seen(root: ET.Element, part: float) -> list[str]:
    """What an SVG shows at a part of its time; with none, what it shows where nothing plays."""
    texts = []
    for each in root:
        animation = each.find(f"{SVG}animate")
        display = each.get("display", "inline")
        if animation is not None and part >= 0:
            times = [float(time) for time in animation.attrib["keyTimes"].split(";")]
            values = animation.attrib["values"].split(";")
            display = [value for time, value in zip(times, values, strict=True) if time <= part][-1]
        if display == "inline" and each.tag in {f"{SVG}text", f"{SVG}g"}:
            texts.append(" ".join(t.text or "" for t in each.iter(f"{SVG}tspan")))
    return texts


def test_each_row_is_seen_as_long_as_it_was_shown() -> None:
    root = ET.fromstring(as_svg(film()))
    clean = HOSTILE.replace("\x00", "�")
    for part, number in ((0.0, 0), (0.1, 0), (0.2, 1), (0.4, 2), (0.99, 2), (-1.0, 2)):
        assert seen(root, part) == [clean, f"no {number} now"]
    assert not list(root.iter(f"{SVG}script"))
    assert {each.attrib["dur"] for each in root.iter(f"{SVG}animate")} == {"6s"}


def test_a_film_that_is_too_large_loses_pictures_but_not_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = len(as_svg(film(200)))
    monkeypatch.setattr(module, "MOST", whole // 3)
    data = as_svg(film(200))
    assert len(data) <= whole // 3
    assert seen(ET.fromstring(data), 0.999)[1] == "no 199 now"
    monkeypatch.setattr(module, "MOST", 10)
    with pytest.raises(BringupError, match="larger"):
        as_svg(film())


def test_a_cast_has_markers_and_draws_what_differs() -> None:
    head, *lines = map(json.loads, as_cast(film()).decode().splitlines())
    assert (head["version"], head["term"]["cols"], head["term"]["rows"]) == (3, 40, 2)
    assert [line[2] for line in lines if line[1] == "m"] == ["1 one", "✗ a failed"]
    drawn = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line[2]) for line in lines if line[1] == "o"]
    assert drawn[1:3] == ["no 1  now", "no 2  now"]
    assert sum(line[0] for line in lines) == 6.0
    assert min(line[0] for line in lines) >= 0.0


async def test_a_replay_and_a_race_are_filmed_without_a_screen(tmp_path: Path) -> None:
    for name, mode, end in (("one", "sequential", 4.0), ("two", "parallel", 2.0)):
        journal = await asyncio.to_thread(Journal, tmp_path / name)
        plan = make_plan([{"a": []}])
        for event in (
            started(plan, mode),
            e.AttemptStarted(0.0, "a", 1),
            e.AttemptFinished(end, "a", 1, "failed" if name == "two" else "succeeded"),
            e.TaskFinished(end, "a", "failed" if name == "two" else "succeeded"),
        ):
            await asyncio.to_thread(journal.append, event)
        journal.close()
    common = ("--speed", "16", "--size", "80x20", "--svg", "film.svg", "--cast", "film.cast")
    for command, told in (
        (("race", "one", "two"), "Sequential was up in 4.0s"),
        (("replay", "one"), "✓ up in"),
    ):
        done = await asyncio.to_thread(bringup, tmp_path, *command, *common)
        assert done.returncode == 0, done.stderr
        data = await asyncio.to_thread((tmp_path / "film.svg").read_bytes)
        assert any(told in text for text in seen(ET.fromstring(data), -1.0))
        cast = await asyncio.to_thread((tmp_path / "film.cast").read_text)
        assert ("parallel: ✗ a failed" in cast) == (command[0] == "race")
    printed = await asyncio.to_thread(
        bringup, tmp_path, "replay", "one", "--speed", "64", "--size", "40x12", "--cast", "-"
    )
    assert json.loads(printed.stdout.splitlines()[0])["version"] == 3
    assert "wrote -" in printed.stderr
    before = await asyncio.to_thread(lambda: sorted(tmp_path.iterdir()))
    for options, said in (
        (("--size", "9x9", "--svg", "film.svg"), "is no size"),
        (("--svg", "no/film.svg"), "no is no directory"),
        (("--cast", "one"), "`one/run.cast`"),
        (("--cast", "-", "--svg", "-"), "the same file"),
    ):
        wrong = await asyncio.to_thread(bringup, tmp_path, "replay", "one", *options)
        assert (wrong.returncode, said in wrong.stderr) == (2, True)
    assert await asyncio.to_thread(lambda: sorted(tmp_path.iterdir())) == before
