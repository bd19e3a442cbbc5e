"""A run as text: its lines, its heartbeat, the report at its end."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans import Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.console.lines import Lines
from tui.console.person import is_dumb
from tui.console.report import report
from tui.console.style import Style, wants_colour
from tui.engine.engine import Engine
from tui.errors import ActionError
from tui.reporter import Done
from tui.run.standing import Stands
from tui.run.state import RunState
from tui.text import amount, clock, seconds

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import Step
    from tui.run import events as e

PLAIN = Style(colour=False)
PHASES: list[dict[str, list[str]]] = [
    {"cluster": []},
    {"tekton": ["cluster"], "image": []},
    {"deploy": ["image"]},
]


async def script(_: Step, context: Context) -> Done:
    context.log(f"hello from {context.task}", source="pod/x" if context.task == "tekton" else "")
    await asyncio.sleep({"cluster": 24.9, "tekton": 87.0, "image": 12.4}.get(context.task, 1.0))
    if context.task == "image":
        context.log("E: it ends here")
        raise ActionError("RUN returned 100", "see the mirror", ("detail of it",))
    if context.task == "cluster":
        context.warn("no login file")
    return Done("it was there", changed=context.task != "cluster")


def bring(tmp_path: Path, style: Style = PLAIN) -> tuple[str, RunState]:
    """The lines of a run with a failure, and its state."""
    out, state = io.StringIO(), RunState()
    lines = Lines(out, style)

    def listen(event: e.Event) -> None:
        state.apply(event)
        lines.show(event, state)

    plan = make_plan(PHASES)
    run_virtual(Engine(plan, Scripted(script), started(plan), cache=tmp_path, listener=listen).run())
    return out.getvalue(), state


def test_every_line_has_its_time_and_its_task(tmp_path: Path) -> None:
    printed, _ = bring(tmp_path)
    assert all(
        re.match(r" +\d+:\d\d (bringup|cluster|tekton |image  |deploy )  *│ ", line)
        for line in printed.splitlines()
    )
    assert "  0:24 tekton  │ pod/x │ hello from tekton\n" in printed
    assert "  0:24 cluster │ ✓ 1 took 24.9s · unchanged: it was there\n" in printed
    assert "  0:37 image   │ ✗ command true: RUN returned 100\n" in printed
    assert "  0:37 image   │   hint: see the mirror\n" in printed
    assert "  0:37 deploy  │ – deploy skipped: it needs image\n" in printed


def test_lines_that_were_said_at_once_have_it_each(tmp_path: Path) -> None:
    out = io.StringIO()
    lines, state = Lines(out, PLAIN), RunState()

    def listen(event: e.Event) -> None:
        state.apply(event)
        lines.show(event, state)

    def talk(_: Step, context: Context) -> None:
        context.log(["one", "", "three"], source="pod/x")

    plan = make_plan([{"a": []}])
    run_virtual(Engine(plan, Scripted(talk), started(plan), cache=tmp_path, listener=listen).run())
    said = [line for line in out.getvalue().splitlines() if "pod/x" in line]
    assert said == [f"  0:00 a       │ pod/x │ {text}" for text in ("one", "", "three")]


def test_plain_output_has_no_escapes_and_coloured_output_says_the_same(tmp_path: Path) -> None:
    plain, _ = bring(tmp_path / "a")
    coloured, _ = bring(tmp_path / "b", Style(colour=True))
    assert "\x1b" not in plain
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


def test_a_silent_task_says_that_it_lives_and_what_it_is_at(tmp_path: Path) -> None:
    out, state = io.StringIO(), RunState()
    lines = Lines(out, PLAIN)

    async def slow(_: Step, context: Context) -> Done:
        context.span("pull", "postgres:16")
        context.progress(5_000_000, 50_000_000, "B", "pulled")
        await asyncio.sleep(100)
        return Done()

    def listen(event: e.Event) -> None:
        state.apply(event)
        lines.show(event, state)

    plan = make_plan([{"a": []}])
    engine = Engine(plan, Scripted(slow), started(plan), cache=tmp_path, listener=listen)

    async def main() -> None:
        running = asyncio.create_task(engine.run())
        for second in range(1, 26):
            await asyncio.sleep(1)
            lines.beat(float(second), state)
        await running

    run_virtual(main())
    beats = [line for line in out.getvalue().splitlines() if "…" in line]
    assert [line.split()[0] for line in beats] == ["0:10", "0:20"]
    assert "command true, 10.0s · pulled 5.0 of 50.0 MB · pull postgres:16 10.0s" in beats[0]


def test_the_report_draws_bars_names_failures_and_says_how_to_go_on(tmp_path: Path) -> None:
    _, state = bring(tmp_path)
    file = "/home/me/my kube/x"
    stands = Stands(file, (("Data", "http://127.0.0.1:1"),), "/state/run", kubeconfigs=(file,))
    printed = report(state, stands, PLAIN, width=80)
    text = "\n".join(printed)
    bars = {line.split()[1]: line for line in printed if line.lstrip()[:1] in {"✓", "✗", "–"} and "█" in line}
    assert bars["cluster"].index("█") < bars["tekton"].index("█") == bars["image"].index("█")
    assert bars["image"].rstrip().endswith("✗")
    assert all(len(line) <= 80 for line in printed)
    assert "✗ test is not up · 2 of 4 tasks done, 1 failed · 1:52" in text.replace("  ", " ")
    for part in (
        "error: RUN returned 100", "detail of it", "E: it ends here", "hint: see the mirror",
        "! cluster: no login file",
        "bringup up --resume 20260102-030405-test", "KUBECONFIG='/home/me/my kube/x'", "/state/run/logs",
    ):  # fmt: skip
        assert part in text
    assert "http://127.0.0.1:1" not in text, "an endpoint that may not answer is not promised"


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0.0s"), (24.94, "24.9s"), (59.96, "1:00"), (87.2, "1:27"), (3725, "1:02:05")]
)
def test_durations(value: float, said: str) -> None:
    assert seconds(value) == said


def test_clocks_and_amounts() -> None:
    assert clock(7.9) == "0:07"
    assert clock(3725) == "1:02:05"
    assert amount(500, None, "B") == "500.0 B"
    assert amount(1.5e9, 3e9, "B") == "1.5 of 3.0 GB"
    assert amount(3, 7, "steps") == "3 of 7 steps"
    assert amount(120, None, "objects") == "120 objects"


@given(st.text())
def test_other_peoples_text_cannot_steer_the_terminal(text: str) -> None:
    assert not set(PLAIN.clean(text)) & {
        chr(i) for i in [*range(9), *range(0x0A, 0x20), 0x7F, *range(0x80, 0xA0)]
    }


@pytest.mark.parametrize(
    "escape", ["\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x1b[?25l", "\x1bc"]
)
def test_escapes_other_than_colours_are_dropped(escape: str) -> None:
    assert Style(colour=True).clean(f"a{escape}b") == "ab"
    assert Style(colour=True).clean(f"\x1b[31mred\x1b[0m{escape}") == "\x1b[31mred\x1b[0m\x1b[0m"
    assert PLAIN.clean(f"\x1b[31mred\x1b[0m{escape}") == "red"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "wanted"),
    [
        (Terminal(), {"TERM": "xterm"}, True),
        (Terminal(), {}, False),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "unknown"}, False),
        (Terminal(), {"TERM": "xterm", "CLICOLOR": "0"}, False),
        (Terminal(), {"TERM": "xterm", "FORCE_COLOR": "0"}, False),
        (io.StringIO(), {"CLICOLOR_FORCE": "1"}, True),
        (io.StringIO(), {"CLICOLOR_FORCE": "1", "NO_COLOR": "1"}, False),
        (io.StringIO(), {"CLICOLOR_FORCE": "1", "NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (Terminal(), {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    stream: io.StringIO, environment: dict[str, str], wanted: bool
) -> None:
    assert wants_colour(stream, environment) is wanted


def test_machines_are_named_where_they_are_others(tmp_path: Path) -> None:
    tasks = {"image": {"host": "builder"}}
    hosts = {"default": "ssh://me@far:22", "builder": "ssh://builder"}
    plan = make_plan([{"cluster": [], "image": []}], tasks=tasks, hosts=hosts)
    out, state = io.StringIO(), RunState()
    lines = Lines(out, PLAIN)

    def listen(event: e.Event) -> None:
        state.apply(event)
        lines.show(event, state)

    first = replace(started(plan), environment="kind", hosts=hosts)
    run_virtual(Engine(plan, Scripted(script), first, cache=tmp_path, listener=listen).run())
    printed = out.getvalue()
    assert "bringup │ test · kind on me@far:22, builder · parallel · run " in printed
    assert "image   │ ▶ image on builder\n" in printed
    assert "cluster │ ▶ cluster\n" in printed


@pytest.mark.parametrize(
    ("place", "where"), [("default", "me@far:22"), ("builder", "builder"), ("local", "")]
)
def test_what_stands_is_where_its_cluster_is(tmp_path: Path, place: str, where: str) -> None:
    hosts = {"default": "ssh://me@far:22", "builder": "ssh://builder", "local": "local"}
    plan, state = make_plan([{"first": []}]), RunState()
    first = replace(started(plan), environment="kind", hosts=hosts)
    run_virtual(Engine(plan, Scripted(), first, cache=tmp_path, listener=state.apply).run())
    told = report(state, Stands(endpoints=(("app", "http://x"),), host=place), PLAIN)
    assert f"  endpoint    app: http://x{f' at {where}' if where else ''}" in told
    assert f"  take down   bringup down 20260102-030405-test{f' (at {where})' if where else ''}" in told
    tunnel = f"  reach it    bringup tunnel {first.run}"
    assert (tunnel in told) == bool(where)
    assert tunnel not in report(state, Stands(host=place), PLAIN)  # it leads to nothing
    assert tunnel in report(state, Stands(forwards=(("db", ""),), host=place), PLAIN)
    held = report(state, Stands(forwards=(("db", "127.0.0.1:1"),), host=place), PLAIN)
    assert "  endpoint    db: 127.0.0.1:1 while this is open" in held
    assert tunnel not in held


@pytest.mark.parametrize(("term", "dumb"), [("", True), ("unknown", True), ("dumb", True), ("xterm", False)])
def test_a_terminal_that_cannot_draw_says_so_by_its_name(term: str, dumb: bool) -> None:
    assert is_dumb({"TERM": term}) is dumb
