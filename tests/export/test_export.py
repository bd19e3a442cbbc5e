"""What holds of every export, whatever the run."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import shutil
import time
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

import pytest
from markdown_it import MarkdownIt

from tests.bench.engine import random_phases
from tests.commands import bringup
from tests.export.making import HOSTILE, begun, came_up, exported, failed, hostile, task
from tests.plans import make_plan, started
from tui.export import FORMATS, find_export
from tui.export.exported_run import ExportedRun
from tui.run import events as e
from tui.run.state import fold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tui.run.events import Event

TEXTS = [name for name in FORMATS if name != "png"]
DRAWS = pytest.mark.skipif(not shutil.which("rsvg-convert"), reason="draws by rsvg-convert")


def cut_off() -> list[Event]:
    return came_up()[:-12]


def retried() -> list[Event]:
    again = [e.AttemptStarted(25, "b", 2), e.AttemptFinished(30, "b", 2, "succeeded")]
    first = [event for event in task("b", 0, 20, "failed") if not isinstance(event, e.TaskFinished)]
    wait = e.RetryScheduled(20, "b", 1, 5.0, "a flake")
    done = [e.TaskFinished(30, "b", "succeeded"), *task("c", 30, 31)]
    return [begun(), *task("a", 0, 10), *first, wait, *again, *done, e.RunFinished(31, "succeeded")]


def resumed_after_a_night() -> list[Event]:
    kept = e.TaskKept(0, "a", "20260101T000000Z-aaaa")
    first = dataclasses.replace(begun(), resumed="20260101T000000Z-aaaa")
    return [first, kept, *task("b", 0, 20, "failed"), e.TaskReset(40_000, "b"), *task("b", 40_000, 40_010)]


def damaged() -> list[Event]:
    """A journal that has lost ends and beginnings, of a plan without tasks' kinds."""
    told = [event for event in came_up() if not isinstance(event, e.StepStarted | e.AttemptFinished)]
    return [dataclasses.replace(begun(), started="yesterday"), *told[1:]]


def ahead() -> list[Event]:
    early = [e.PrefetchStarted(2, "c", 1, 0, "pull it"), e.PrefetchFinished(9, "c", 1, 0, note="pulled")]
    return sorted([*came_up(), *early], key=lambda event: event.at)


RUNS: dict[str, Callable[[], list[Event]]] = {
    "up": came_up, "failed": failed, "cut off": cut_off, "retried": retried,
    "resumed": resumed_after_a_night, "damaged": damaged, "hostile": hostile,
    "ahead": ahead, "nothing yet": lambda: [begun()],
    "empty": lambda: [dataclasses.replace(begun(), phases=())],
    "rehearsal": lambda: came_up(begun(environment="rehearsal", note="REHEARSAL: nothing is created")),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("of", RUNS)
def test_every_export_takes_every_run(name: str, of: str, tmp_path: Path) -> None:
    run = exported(RUNS[of](), tmp_path / "run", good=True)
    made = find_export(name).of(run).decode()
    assert made.endswith("\n") or name in {"trace", "otlp"}
    if of not in {"nothing yet", "empty", "hostile"} and name != "csv":
        assert "The environment" in made or "RUN test" in made
    if of == "rehearsal":
        assert "nothing is created" in made
    if of == "ahead" and name in {"html", "svg", "trace", "csv", "otlp"}:
        assert "pull it" in made
    if of == "cut off":
        assert re.search("cut off|cut-off|error", made)
    read_back(name, made)


def read_back(name: str, made: str) -> None:
    """Reads what was made by what reads such files, and finds nothing in it that the texts put there."""
    match name:
        case "html":
            page = Page()
            page.feed(made)
            assert page.scripts == 1
            assert page.odd == []
            assert "http://" not in re.sub(r">[^<]*<|data-[a-z]+=\"[^\"]*\"|title=\"[^\"]*\"", "", made)
        case "svg":
            names = {element.tag.rpartition("}")[2] for element in Xml.fromstring(made).iter()}
            assert names <= {"svg", "style", "rect", "text", "path", "title"}
        case "junit":
            assert Xml.fromstring(made).tag == "testsuites"
        case "trace" | "otlp":
            json.loads(made)
        case "csv":
            rows = list(csv.DictReader(io.StringIO(made)))
            assert {*rows[0]} if rows else True
            assert not [cell for row in rows for cell in row.values() if cell.startswith(tuple("=+-@"))]
        case "mermaid":
            assert re.fullmatch(r"gantt\n(  [^\n]+\n)+", made)
            assert "%%{" not in made
            forms = r"section [^:;#]+|\S [^:;#]+ :\w+, [-\d: .]+, [-\d: .]+|%% [^:;#]+|\w+ [-\w:%. ]+"
            for line in made.splitlines()[2:]:
                assert re.fullmatch(rf"  ({forms})", line), line
        case "md":
            shown = MarkdownIt("gfm-like", {"linkify": False}).render(made)
            assert not re.search("<(a|img|script|b|h1|h2)[ >]", shown)
            assert not re.search("@team|#12|http://", re.sub(r"(?s)<pre>.*?</pre>", "", shown))
            assert not [line for line in made.splitlines() if "$" in line and line[:4] != "    "]


class Page(HTMLParser):
    """Counts a page's scripts, and finds elements and attributes that no export writes."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts = 0
        self.odd: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.scripts += tag == "script"
        if tag in {"img", "a", "link", "iframe", "b", "base", "object"}:
            self.odd.append(tag)
        self.odd += [name for name, _ in attrs if name.startswith("on") or name in {"src", "href"}]


@DRAWS
@pytest.mark.parametrize("of", ["up", "hostile", "empty"])
def test_a_picture_is_drawn(of: str) -> None:
    made = find_export("png").of(exported(RUNS[of]()), width=500)
    assert made.startswith(b"\x89PNG")
    assert int.from_bytes(made[16:20], "big") == 1000


def test_all_of_a_large_run_is_exported_soon() -> None:
    plan = make_plan(random_phases(1000))
    told: list[Event] = [started(plan)]
    for i, id_ in enumerate(fold(told).tasks):
        told += task(id_, i / 10, i / 10 + 7)
    run = fold(told)
    for name in TEXTS:
        begin = time.process_time()
        assert find_export(name).of(ExportedRun(run))
        assert time.process_time() - begin < 0.6, name  # so that one of 5,000 tasks takes under 3 s


def test_the_command_writes_what_the_file_is_named_for(tmp_path: Path) -> None:
    exported(came_up(), tmp_path / "run")
    for name in TEXTS:
        file = tmp_path / f"out.{find_export(name).ending}"
        assert bringup(tmp_path, "export", "run/", "-o", file.name).returncode == 0
        printed = bringup(tmp_path, "export", "run/", "--format", name)
        assert printed.stdout == file.read_text()
    (tmp_path / "link.md").symlink_to("out.md")
    assert bringup(tmp_path, "export", "run/", "-o", "link.md").returncode == 0
    assert (tmp_path / "link.md").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "out.yaml"), "out.yaml does not tell the format"),
        (("-o", "gone/out.md"), "gone is no directory"),
        (("-o", "run", "--format", "md"), "run is a directory"),
        (("--format", "md", "--width", "400"), "--width is no option of md"),
        (("--format", "md", "--to", "http://127.0.0.1:1"), "--to sends otlp, not md"),
        (("--format", "png", "--theme", "auto"), "--theme auto is none of png"),
        (("--to", "127.0.0.1:4318"), "a collector is reached over HTTP"),
        (("--to", "http://127.0.0.1:1"), "http://127.0.0.1:1/v1/traces does not answer"),
    ],
)
def test_what_cannot_be_done_is_told(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    exported(came_up(), tmp_path / "run")
    done = bringup(tmp_path, "export", "run/", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "hint" in done.stderr or "Usage" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"run"}


def test_the_help_names_every_format(tmp_path: Path) -> None:
    said = bringup(tmp_path, "export", "--help").stdout
    for name in FORMATS:
        assert re.search(rf"(?m)^  {name} ", said), name
    assert "--log-kilobytes" in said


def test_hostile_texts_are_all_there() -> None:
    assert any("script" in text for text in HOSTILE)
    shown = find_export("html").of(exported(hostile())).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
