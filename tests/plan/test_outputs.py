"""Outputs of commands: at reading, in a run, and when a run is resumed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.writing import CLUSTER, HEAD, faults_of, load, marked, write
from tests.plans import Scripted, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.launch.request import Request, UsageError
from tui.launch.specification import resolve_up
from tui.plan.lint import lint
from tui.plan.load import load_plan
from tui.plan.outputs import Template, filled_in, template
from tui.plan.schema import plan_schema
from tui.plan.substitute import fill, find
from tui.reporter import Done
from tui.run.journal import Journal
from tui.run.store import Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import Step
    from tui.run.state import RunState

MAKE = "{kind: command, argv: [make, -s, print-image], output: image}"
USE = "{kind: image.pull, images: '${output.image}'}"
PLAN = f"""{HEAD}{CLUSTER}variables: {{tag: '1 $${{output.x}}'}}
phases:
  - id: one
    tasks:
      - id: make
        steps:
          - {MAKE}
          - {{kind: command, argv: [log-in], output: token}}
      - id: use
        needs: make
        steps:
          - {USE}
          - {{kind: command, argv: [echo, "${{output.image}} ${{tag}} $${{output.image}} ${{output.token}}"]}}
          - {{kind: http.check, url: "${{output.image}}"}}
      - {{id: after, needs: use, steps: [{{kind: kubernetes.apply, manifests: map.yaml, substitute: true}}]}}
"""
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: 'a-${output.image}'}}"
MADE = {"make": "shop/server:3f2a", "log-in": "hush-hush-7"}


def written(folder: Path, text: str = PLAN) -> Path:
    write(folder, MAP, "map.yaml")
    return write(folder, text, "bringup.yaml")


def run(
    folder: Path, environment: str = "test", made: dict[str, str] = MADE, text: str = PLAN
) -> tuple[RunState, list[Step], list[str]]:
    """Carry the plan out; return what became of it, its steps as they were, and the variables of the last."""
    loaded = load_plan(written(folder, text))
    steps: list[Step] = []
    names: list[str] = []

    def perform(step: Step, context: Context) -> Done:
        steps.append(step)
        names.append(str(context.variables.get("output", {}).get("image")))
        printed = getattr(step, "output", None) and made.get(step.argv[0])  # type: ignore[union-attr]
        return Done("", output=printed or None)

    journal = Journal(folder / "runs" / "20260101T000000Z-0000")
    first = replace(
        started(loaded.plan), run="20260101T000000Z-0000", path=str(loaded.path), digest=loaded.digest,
        environment=environment,
    )  # fmt: skip
    engine = Engine(loaded.plan, Scripted(perform), first, cache=folder, journal=journal)
    state = run_virtual(engine.run())
    journal.close()
    return state, steps, names


def test_until_it_runs_a_step_has_names_in_place_of_outputs(tmp_path: Path) -> None:
    loaded = load(tmp_path, PLAN.replace("map.yaml", "{kustomize: '${output.image}/k'}"))
    tasks = {task.id: task for task in loaded.plan.tasks}
    assert [step.describe() for step in tasks["use"].steps] == [
        "image.pull output.image",
        "command echo ${output.image} 1 ${output.x} ${output.image} ${output.token}",
        "http.check http://output.image",
    ]
    assert [remark for remark in lint(loaded) if remark.level == "fault"] == []


@pytest.mark.parametrize("kind", ["command", "image.make, images: a"])
def test_outputs_are_filled_in_when_a_step_runs(tmp_path: Path, kind: str) -> None:
    without_check = PLAN.replace(MAKE, MAKE.replace("command", kind)).replace(
        "          - {kind: http.check", "          # {kind: http.check"
    )
    state, steps, names = run(tmp_path, text=without_check)
    assert state.outcome == "succeeded"
    assert state.outputs == {"image": MADE["make"]}
    assert steps[2].model_dump()["images"] == (MADE["make"],)
    assert steps[3].model_dump()["argv"][1] == f"{MADE['make']} 1 ${{output.x}} ${{output.image}} hush-hush-7"
    assert names[-1] == MADE["make"]
    title = state.tasks["use"].attempts[-1].steps[1].title
    assert title == f"command echo {MADE['make']} 1 ${{output.x}} ${{output.image}} •••"
    kept = "".join(path.read_text() for path in (tmp_path / "runs").rglob("*") if path.is_file())
    assert MADE["make"] in kept
    assert MADE["log-in"] not in kept


def test_one_that_is_not_allowed_where_it_is_used_fails_that_step(tmp_path: Path) -> None:
    state, _, _ = run(tmp_path)
    failure = state.tasks["use"].attempts[-1].failure
    assert failure is not None
    assert failure.cause == "url: must be a URL that begins with http:// or https://, not 'shop/server:3f2a'"
    assert failure.hint.startswith("it is made of ${output.image}")


def test_images_that_are_called_by_an_output_are_known_as_built(tmp_path: Path) -> None:
    load_it = "{kind: kind.load, images: '${output.image}'}"
    text = one(f"{{kind: image.build, tag: '${{output.image}}', context: .}}, {load_it}")
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    loaded = load(tmp_path, text)
    known: list[frozenset[str]] = []

    def perform(step: Step, context: Context) -> Done:
        known.append(context.built_images)
        return Done("", output=MADE["make"] if step.kind == "command" else None)

    run_virtual(Engine(loaded.plan, Scripted(perform), started(loaded.plan), cache=tmp_path).run())
    assert known[-1] == {MADE["make"]}


def test_a_rehearsal_shows_the_names(tmp_path: Path) -> None:
    state, steps, names = run(tmp_path, "rehearsal", {})
    assert state.outcome == "succeeded"
    assert steps[2].describe() == "image.pull output.image"
    assert (names[-1], state.outputs) == ("output.image", {})


def test_a_run_that_is_resumed_has_the_outputs_of_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path)
    store, id_ = Store(tmp_path / "runs"), "20260101T000000Z-0000"
    resumed = resolve_up(Request(resume=id_), store)
    assert (resumed.done, resumed.outputs) == ({}, {})  # `token` was not kept, and `use` failed
    only = resolve_up(Request(resume=id_, only=("after",)), store)
    assert only.done == {"make": id_, "use": ""}
    assert only.outputs == {"image": MADE["make"]}
    with pytest.raises(UsageError, match="task 'after' uses output 'image' of task 'make'") as caught:
        resolve_up(Request(only=("after",)), store)
    assert caught.value.hint.startswith("run that too, or add --resume")
    assert resolve_up(Request(only=("after",), environment="rehearsal"), store).done == {
        "make": "",
        "use": "",
    }


def one(step: str, *, needs: str = "needs: make, ", make: str = MAKE, top: str = CLUSTER) -> str:
    return f"""{HEAD}{top}phases:
  - id: one
    tasks:
      - {{id: make, steps: [{make}]}}
      - {{id: use, {needs}steps: [{step}]}}
"""


SH = "{kind: command, shell: a"
WRONG = {
    one("{kind: kind.load, images: '▶${output.imag}'}"): (
        "no step has the output 'imag'", "did you mean 'image'?",
    ),
    one("{kind: kind.load, images: '▶${output.image}'}", needs=""): (
        "'use' uses output 'image', but does not need task 'make', which makes it", "add 'make' to the needs",
    ),
    one(f"{SH}, output: ▶image}}"): ("two steps have the output 'image'", "rename one"),
    one(USE, make=f"{{kind: command, shell: 'x ▶${{output.image}}'}}, {MAKE}"): (
        "output 'image' is used before it is made", "move this step",
    ),
    one(USE.replace("$", "▶$"), make=MAKE.replace("}", ", when: false}")): (
        "output 'image' is not made: its step in task 'make' is not wanted", "give both",
    ),
    one(f"{SH}, timeout: ▶'${{output.image}}'}}"): ("timeout: 'output.image' is not a duration", ""),
    one(f"{SH}, when: ▶'${{output.image}}'}}"): ("an output cannot be used here", "only the steps"),
    one(USE, needs="needs: make, title: ▶'${output.image}', "): ("an output cannot be used here", ""),
    one(f"▶{SH}, secret: true}}"): ("only an output can be secret", "add `output"),
    one(f"▶{SH}, unless: b, output: c}}"): ("a command with an output always runs", "remove"),
    one(f"{SH}, output: ▶A}}"): ("output: must be at most 32 lower-case letters", ""),
    one("{kind: kind.load, images: a, ▶output: b}"): ("unknown key 'output'", ""),
    one(USE, top=f"{CLUSTER}variables: {{▶output: 1}}\n"): ("'output' is taken: it is what a command", ""),
    one("{kind: command, shell: '▶${output.image}'}", make=f"{SH}}}"): (
        "variable 'output.image' is not defined", "an output is there for steps alone",
    ),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=[cause for cause, _ in WRONG.values()])
def test_what_is_wrong_with_an_output_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    cause, hint = WRONG[text]
    fault = next((each for each in faults_of(write(tmp_path, text)) if cause in each.cause), None)
    assert fault
    assert fault.hint.startswith(hint)
    assert [fault.place] == marked(text, fault.place.file)


def test_a_file_that_uses_an_output_too_early_is_told(tmp_path: Path) -> None:
    text = PLAN.replace("{id: after, needs: use,", "{id: after,")
    [fault] = faults_of(written(tmp_path, text))
    assert fault.cause.startswith("'after' uses output 'image', but does not need task 'make'")
    assert str(fault.place) == f"{tmp_path / 'map.yaml'}:1:55"


def test_outputs_of_included_plans(tmp_path: Path) -> None:
    part = one("{kind: command, argv: [a, '${output.image}', '${output.outer}']}", top="").replace(
        "needs: make", "needs: [make, first]"
    )
    write(tmp_path, part, "part.yaml")
    loaded = load(
        tmp_path,
        f"""{HEAD}include: [{{plan: part.yaml, as: p}}]
phases:
  - id: one
    tasks:
      - {{id: first, steps: [{MAKE.replace("output: image", "output: outer")}]}}
      - {{id: last, needs: p, steps: [{{kind: command, shell: "x ${{output.p.image}}"}}]}}
""",
    )
    assert {*loaded.plan.outputs.makers} == {"p.image", "outer"}
    use = next(task.steps[0] for task in loaded.plan.tasks if task.id == "p.use")
    assert loaded.plan.outputs.names(use) == {"image": "p.image", "outer": "outer", "p.image": "p.image"}
    assert loaded.plan.variables_of(use)["output"]["p"] == {"image": "output.p.image"}


PIECES = ["${output.a}", "${v}", "$${output.a}", "$${", "$", "x}"]


@given(parts=st.lists(st.sampled_from(PIECES), max_size=6))
def test_a_template_that_is_filled_in_is_the_text_that_is_filled_in_at_once(parts: Sequence[str]) -> None:
    variables = {"v": "${output.a} $${v}", "output": {"a": "${v}"}}
    text = "".join(parts)
    later = template(text, lambda name: find(variables, name))
    at_once = fill(text, lambda name: find(variables, name))
    if later is None:
        assert not Template(text).names
    else:
        assert filled_in(later, lambda name: "${v}") == at_once


def test_the_schema_allows_outputs() -> None:
    fields = plan_schema()["$defs"]["Command"]["properties"]
    assert {"output", "secret"} <= {*fields}
