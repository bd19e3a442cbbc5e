"""When something is advised, and what it is said to save."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.insight.running import begun, ran, tell
from tests.plans import make_plan, started
from tui.insight.advice import advise
from tui.plan.graph import Graph
from tui.run import events as e
from tui.run.state import RunState, fold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


PHASES: list[dict[str, list[str]]] = [{"long": [], "short": []}, {"last": ["short"]}]


def run_of(long: float = 60.0, short: float = 20.0, last: float = 50.0, mode: str = "parallel") -> RunState:
    """A run in which the last task waits for a phase, though it needs only one that is short."""
    end = max(long, short) if mode == "parallel" else short
    return tell(
        begun(mode, PHASES),
        *ran("long", 0.0, long),
        *ran("short", 0.0, short),
        *ran("last", end, end + last),
        e.RunFinished(max(end + last, long), "succeeded"),
    )


def test_a_barrier_that_holds_back_is_advised_against() -> None:
    (advice,) = advise(run_of()).advice
    assert (advice.rule, advice.runs) == ("barrier", 1)
    assert advice.saves == pytest.approx(40.0)
    assert advice.command[-2:] == ("--mode", "eager")
    assert "how much that varies is not known" in advice.saving
    assert "would fail" in advice.caveat


def test_a_command_brings_up_what_the_run_did() -> None:
    state = run_of()
    assert state.started is not None
    state.started = replace(
        state.started, files=("v.yaml",), settings=("a=1",), hosts={"default": "ssh://me@far"}
    )
    (advice,) = advise(state).advice
    assert advice.command == (
        *("bringup", "up", "plan.yaml", "--values", "v.yaml", "--set", "a=1"),
        *("--host", "ssh://me@far", "--mode", "eager"),
    )


def test_runs_before_the_plan_was_edited_do_not_tell_what_a_change_saves() -> None:
    edited = run_of()
    assert edited.started is not None
    needs = {"last": ("long", "short"), "long": (), "short": ()}
    nodes = edited.graph.nodes
    edited.graph = Graph(nodes[id_]._replace(needs=needs.get(id_, nodes[id_].needs)) for id_ in nodes)
    assert edited.graph.nodes != run_of().graph.nodes
    (advice,) = advise(run_of(), like=[edited, edited, run_of(long=58.0)]).advice
    assert (advice.saves, advice.runs) == pytest.approx((39.0, 2))


def test_the_saving_is_the_median_of_runs_of_its_like() -> None:
    (advice,) = advise(run_of(), like=[run_of(long=58.0), run_of(long=63.0)]).advice
    assert (advice.saves, advice.least, advice.most, advice.runs) == pytest.approx((40.0, 38.0, 43.0, 3))
    assert "(38.0s to 43.0s in 3 runs)" in advice.saving


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (run_of(long=25.0, short=20.0), "no change that is known of would save 10.0s or more; it took 1:15"),
        (run_of(long=600.0, short=590.0, last=11.0), "would save 30.6s or more"),
        (run_of(mode="eager"), "and 1:10 is the least that its needs allow"),
        (tell(begun(phases=PHASES), e.RunFinished(1.0, "failed")), "the run did not come up"),
    ],
    ids=["ten seconds", "a twentieth", "the floor", "failed"],
)
def test_nothing_is_said_that_is_not_worth_it(state: RunState, why: str) -> None:
    advised = advise(state)
    assert advised.advice == ()
    assert why in advised.why_none


def test_nothing_is_said_that_runs_of_its_like_differ_by_anyway() -> None:
    like = [run_of(long=40.0), run_of(long=90.0), run_of(long=75.0), run_of(long=45.0)]
    advised = advise(run_of(), like=like)
    assert advised.advice == ()
    assert "by which runs of its like differ anyway" in advised.why_none
    assert advise(run_of(), like=[run_of(long=61.0)] * 4).advice


def test_a_limit_is_advised_against() -> None:
    phases: list[dict[str, list[str]]] = [{"a": [], "b": []}]
    told = (*ran("a", 0.0, 30.0), *ran("b", 30.0, 60.0), e.RunFinished(60.0, "succeeded"))
    (advice,) = advise(tell(begun("eager", phases, limit=1), *told)).advice
    assert advice.rule == "limit"
    assert advice.saves == pytest.approx(30.0)


Steps = dict[str, list[dict[str, Any]]]
Phases = list[dict[str, list[str]]]

IMAGES = {"kind": "image.pull", "images": ["redis:7"]}
SPACE = {"kind": "kubernetes.namespace", "names": ["a"]}
CREATE = {"kind": "kind.create"}


def planned(
    phases: Phases,
    steps: Steps,
    times: Mapping[str, Sequence[tuple[float, float]]],
    *more: e.Event,
    mode: str = "eager",
) -> tuple[RunState, Sequence[str]]:
    """A run of a plan of real steps, and the rules that say something of it."""
    plan = make_plan(
        phases,
        cluster={"name": "c", "kubeconfig": "/kc"},
        tasks={id_: {"steps": list(each)} for id_, each in steps.items()},
    )
    events: list[e.Event] = [started(plan, mode)]
    for task, each in times.items():
        events.append(e.AttemptStarted(each[0][0], task, 1))
        for i, (start, end) in enumerate(each):
            told = (m for m in more if isinstance(m, e.TaskEvent) and m.task == task and start <= m.at <= end)
            events += [e.StepStarted(start, task, 1, i, "step"), *told, e.StepFinished(end, task, 1, i)]
        events += [
            e.AttemptFinished(each[-1][1], task, 1, "succeeded"),
            e.TaskFinished(each[-1][1], task, "succeeded"),
        ]
    end = max(each[-1][1] for each in times.values())
    state = fold([*events, e.RunFinished(end, "succeeded")])
    return state, [f"{a.rule} {a.saves:.0f}" for a in advise(state).advice]


def test_what_could_run_ahead_is_told_where_it_did_not() -> None:
    phases: Phases = [{"cluster": []}, {"app": ["cluster"]}]
    steps: Steps = {"cluster": [CREATE], "app": [IMAGES, SPACE]}
    times = {"cluster": [(0.0, 30.0)], "app": [(30.0, 50.0), (50.0, 60.0)]}
    assert planned(phases, steps, times, mode="parallel")[1] == ["prefetch 20"]
    assert planned(phases, steps, times)[1] == []


def test_what_a_command_may_provide_is_waited_for() -> None:
    phases: Phases = [{"login": []}, {"app": ["login"]}]
    steps: Steps = {"login": [{"kind": "command", "shell": "docker login"}], "app": [IMAGES, SPACE]}
    times = {"login": [(0.0, 30.0)], "app": [(30.0, 50.0), (50.0, 60.0)]}
    assert planned(phases, steps, times, mode="parallel")[1] == []


def test_an_image_that_is_not_used_need_not_be_waited_for() -> None:
    phases: Phases = [{"cluster": [], "image": []}, {"space": ["cluster", "image"]}]
    steps: Steps = {"cluster": [CREATE], "image": [IMAGES], "space": [SPACE]}
    times = {"cluster": [(0.0, 30.0)], "image": [(0.0, 60.0)], "space": [(60.0, 90.0)]}
    assert planned(phases, steps, times)[1] == ["need 30"]
    steps["space"] = [{"kind": "kind.load", "images": ["redis:7"]}]
    assert planned(phases, steps, times)[1] == []


def test_what_nodes_pull_could_have_been_loaded_before() -> None:
    phases: Phases = [{"cluster": []}, {"app": ["cluster"]}]
    wait = {"kind": "kubernetes.wait", "rollouts": ["deployment/app"]}
    steps: Steps = {"cluster": [CREATE, {"kind": "kind.load", "images": ["x:1"]}], "app": [wait]}
    times = {"cluster": [(0.0, 40.0), (40.0, 43.0)], "app": [(43.0, 83.0)]}
    spans = (
        *(e.SpanStarted(40.0, "cluster", 1, 1, 1, "load", "x:1"), e.SpanFinished(43.0, "cluster", 1, 1)),
        e.SpanStarted(43.0, "app", 1, 0, 1, "start", "pod/app-1"),
        e.SpanStarted(43.0, "app", 1, 0, 2, "pull", "redis:7"),
        *(e.SpanFinished(73.0, "app", 1, 2), e.SpanFinished(75.0, "app", 1, 1)),
        *(e.SpanStarted(75.0, "app", 1, 0, 3, "ready", "pod/app-1"), e.SpanFinished(83.0, "app", 1, 3)),
    )
    assert planned(phases, steps, times, *spans)[1] == ["pull 27"]  # 30 s of pulling, 3 s of loading
    assert planned(phases, steps, times, *spans, mode="parallel")[1] == []
    assert planned(phases, steps, times, *spans[2:])[1] == []  # how long it loads is not known


def probed(silent: float | None, delay: float = 5.0, period: float = 10.0, ready: float = 60.0) -> RunState:
    """A run that waited for a pod."""
    pod = e.PodProbed(ready, "one", 1, 0, "pod/a-1", "deployment/a", delay, period, ready, silent)
    first, step, *rest = ran("one", 0.0, 60.0)
    return tell(begun("eager", [{"one": []}]), first, step, pod, *rest, e.RunFinished(60.0, "succeeded"))


def test_a_pod_that_waited_for_its_probe_is_told() -> None:
    (advice,) = advise(probed(14.0)).advice
    assert advice.rule == "probe"
    assert advice.saves == pytest.approx(13.0)
    assert "begins after 5 s and looks every 10 s" in advice.why
    assert advise(probed(40.0)).advice[0].saves == pytest.approx(14.0)  # no probe waits longer


@pytest.mark.parametrize(
    "state", [probed(None), probed(5.0), probed(14.0, 0.0, 1.0), probed(14.0, ready=40.0)]
)
def test_a_pod_that_was_not_held_up_by_its_probe_is_not(state: RunState) -> None:
    assert advise(state).advice == ()


def built(*instructions: tuple[str, float], changed: bool = True) -> RunState:
    """A run that built an image, each instruction taking so many seconds."""
    events: list[e.Event] = ran("one", 0.0, 0.0)[:2]
    at = 0.0
    for i, (text, seconds) in enumerate(instructions, 1):
        events.append(e.SpanStarted(at, "one", 1, 0, i, f"step {i}", text))
        at += seconds
        events.append(e.SpanFinished(at, "one", 1, i))
    events += [
        e.StepFinished(at, "one", 1, 0, changed),
        e.AttemptFinished(at, "one", 1, "succeeded"),
        e.TaskFinished(at, "one", "succeeded"),
        e.RunFinished(at, "succeeded"),
    ]
    return tell(begun("eager", [{"one": []}]), *events)


FROM, COPY, NPM = ("FROM node:20", 0.1), ("COPY . .", 0.3), ("RUN npm ci", 25.0)


def test_dependencies_that_are_installed_after_all_was_copied_are_told() -> None:
    (advice,) = advise(built(FROM, COPY, NPM, ("RUN npm run build", 5.0))).advice
    assert advice.rule == "build-cache"
    assert advice.saves == pytest.approx(25.0)
    assert "package.json" in advice.how


@pytest.mark.parametrize(
    "state",
    [
        built(FROM, ("COPY package.json ./", 0.1), NPM, COPY),
        built(FROM, ("RUN apt-get install -y git", 20.0), COPY, NPM),  # nothing was in the cache
        built(FROM, COPY, ("RUN make", 25.0)),
        built(FROM, COPY, ("RUN npm install left-pad", 25.0)),
        built(FROM, COPY, ("FROM debian", 0.1), NPM),
        built(FROM, ("COPY --from=build . .", 0.3), NPM),
    ],
)
def test_builds_that_use_the_cache_well_are_not(state: RunState) -> None:
    assert advise(state).advice == ()


def test_a_run_of_two_hundred_tasks_is_advised_on_at_once() -> None:
    phases: list[dict[str, list[str]]] = [
        {f"t{p}-{i}": [f"t{p - 1}-{j}" for j in (i, (i + 1) % 20)] if p else [] for i in range(20)}
        for p in range(10)
    ]
    events = [
        event for p in range(10) for i in range(20) for event in ran(f"t{p}-{i}", 30.0 * p, 30.0 * p + 10 + i)
    ]
    samples = [
        e.Sampled(float(at), 1.0, "default", 4, 8000, 1.0, e.Usage(3.0), nodes=e.Usage(2.0))
        for at in range(1, 300)
    ]
    state = tell(begun(phases=phases), *events, *samples, e.RunFinished(300.0, "succeeded"))
    best = min(_timed(state) for _ in range(3))
    assert best < 1.0  # 0.3 on a machine with nothing else to do


def _timed(state: RunState) -> float:
    began = time.process_time()
    advise(state, [state] * 5)
    return time.process_time() - began
