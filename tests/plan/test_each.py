"""Tasks that are chosen by `when`, and made by `each`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.writing import HEAD, MARK, faults_of, load, marked, one_step, one_task, write
from tui.plan.lint import lint
from tui.plan.placement import placement

if TYPE_CHECKING:
    from pathlib import Path

PLAN = f"""{HEAD}variables:
  flag: false
  images: [{{name: a, image: "a:1"}}, {{name: b, image: "b:1"}}]
  more: []
x-step: &step {{kind: command, shell: "true"}}
x-pull: &pull {{kind: image.pull, images: c, when: "${{flag}}"}}
phases:
  - id: none
    tasks:
      - {{id: "none-${{each}}", each: "${{more}}", steps: [*step]}}
  - id: one
    tasks:
      - {{id: first, steps: [*step]}}
      - id: load-${{each.name}}
        title: Load ${{each.image}}
        needs: first
        each: ${{images}}
        steps: [{{kind: image.pull, images: "${{each.image}}"}}]
  - id: two
    tasks:
      - {{id: all, needs: [load-*, "none-*"], steps: [*step]}}
      - {{id: single, needs: load-b, when: "not ${{flag}}", steps: [*step, *pull]}}
      - {{id: unwanted, when: ["true", "${{flag}}"], needs: first, steps: [{{kind: image.pull, images: d}}]}}
      - {{id: after, needs: unwanted, steps: [*step]}}
"""


def test_each_makes_a_task_for_each_item(tmp_path: Path) -> None:
    loaded = load(tmp_path, PLAN)
    tasks = {task.id: task for task in loaded.plan.tasks}
    assert [*tasks] == ["first", "load-a", "load-b", "all", "single", "unwanted", "after"]
    assert [phase.id for phase in loaded.plan.phases] == ["one", "two"]
    assert (tasks["load-b"].name, tasks["load-b"].needs) == ("Load b:1", ("first",))
    assert tasks["all"].needs == ("load-a", "load-b")
    assert loaded.place("load-a") == loaded.place("load-b")
    assert loaded.place("single").line == loaded.place("all").line + 1


def test_what_is_not_wanted_is_left_out_of_account(tmp_path: Path) -> None:
    loaded = load(tmp_path, PLAN)
    single, unwanted = (task for task in loaded.plan.tasks if task.id in {"single", "unwanted"})
    assert [step.is_wanted for step in single.steps] == [True, False]
    assert single.name == "single"
    assert (unwanted.name, unwanted.wanted_steps) == ("unwanted (not wanted)", ())
    assert {*placement(loaded.plan).images} == {"a:1", "b:1"}
    assert [remark.rule for remark in lint(loaded) if remark.rule != "idle-barrier"] == []
    wanted = load(tmp_path, PLAN, settings=["flag=true"])
    assert {*placement(wanted.plan).images} == {"a:1", "b:1", "d"}


def test_files_are_filled_in_from_the_item(tmp_path: Path) -> None:
    manifest = "{apiVersion: v1, kind: ConfigMap, metadata: {name: '${each.name}'}}"
    (tmp_path / "map.yaml").write_text(manifest)
    apply = "{kind: kubernetes.apply, manifests: map.yaml, substitute: true}"
    text = one_step(apply).replace("id: first\n", "id: first-${each.name}\n        each: [{name: x}]\n")
    assert load(tmp_path, text).plan.tasks[0].id == "first-x"
    [fault] = faults_of(write(tmp_path, one_step(apply)))
    assert "'each.name' is not defined" in fault.cause


WRONG = {
    one_task("each: ▶x"): ("`each` must be a list, not 'x'", "write a list"),
    one_task("each: ▶${nothing}"): ("variable 'nothing' is not defined", "add it to"),
    one_task("each: [1, 2]").replace("id: first", "id: ▶first"): (
        "all tasks of `each` would be called 'first'", "put the item into it",
    ),
    one_task("each: [{a: 1}]").replace("id: first", "id: f-▶${each.b}"): (
        "variable 'each.b' is not defined for the item {\"a\": 1}", "did you mean 'each.a'?",
    ),
    one_task("each: [a, a]").replace("- id: first", "- id: ▶f-${each}"): ("two tasks are called 'f-a'", ""),
    one_task("", "variables: {▶each: 1}\n"): ("'each' is taken", "choose another name"),
    one_task("title: ▶${each}"): ("variable 'each' is not defined", "it is the item in a task"),
    one_task("when: ▶maybe"): ("when: 'maybe' is neither true nor false", "write ${flag}"),
    one_task("when: ▶off"): ("when: 'off' is neither true nor false", "write false: off is text"),
    one_task("when: ▶null"): ("when: a list is expected here, not nothing", "give it a value"),
    one_step("{kind: command, shell: x, when: ▶1}"): ("when: true or false is expected here, not 1", ""),
    one_task("needs: [▶load-*]"): ("'first' needs 'load-*', which is no task", ""),
    one_task("", "▶y-step: 1\n"): ("unknown key 'y-step'", ""),
}  # fmt: skip


@pytest.mark.parametrize("text", WRONG, ids=lambda text: WRONG[text][0])
def test_what_is_wrong_with_a_choice_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    cause, hint = WRONG[text]
    fault = faults_of(write(tmp_path, text))[0]
    assert fault.cause.startswith(cause)
    assert fault.hint.startswith(hint)
    assert fault.place == marked(text, fault.place.file)[0]
    assert MARK not in fault.cause


@given(
    flags=st.lists(st.booleans(), min_size=1, max_size=4),
    negated=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_all_flags_must_be_true(
    flags: list[bool], negated: list[bool], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("when")
    words = [f"{'not ' * no}{'True' if flag else 'false'}" for flag, no in zip(flags, negated, strict=False)]
    loaded = load(folder, one_task(f"when: {words}"))
    assert all(loaded.plan.tasks[0].when) is all(a != b for a, b in zip(flags, negated, strict=False))


def test_references_in_keys_are_filled_in(tmp_path: Path) -> None:
    step = "{kind: command, shell: a, env: {'A_${each.name}': b, '$${C}': d}}"
    text = one_step(step).replace("id: first\n", "id: first-${each.name}\n        each: [{name: x}]\n")
    assert load(tmp_path, text).plan.tasks[0].steps[0].model_dump()["env"] == {"A_x": "b", "${C}": "d"}


def test_references_in_the_items_are_filled_in_once(tmp_path: Path) -> None:
    text = one_step("{kind: command, argv: ['${each.v}', '${each.w}']}", "variables: {a: x}\n")
    text = text.replace("id: first\n", "id: first-${each.v}\n        each: [{v: '${a}', w: '$${b}'}]\n")
    assert load(tmp_path, text).plan.tasks[0].steps[0].model_dump()["argv"] == ("x", "${b}")


def test_a_long_list_is_not_looked_through_for_each_of_its_items(tmp_path: Path) -> None:
    items = ", ".join(map(str, range(800)))
    text = one_step("{kind: command, shell: a}", f"variables: {{all: [{items}]}}\n")
    text = text.replace("id: first\n", "id: first-${each}\n        each: ${all}\n")
    assert len(load(tmp_path, text).plan.tasks) == 800


def test_other_items_make_another_plan(tmp_path: Path) -> None:
    text = one_step("{kind: command, shell: a}", "").replace(
        "id: first\n", "id: a-b${each.n}\n        each: E\n"
    )
    digests = {load(tmp_path, text.replace("E", f"[{{n: 1, v: {v}}}]")).digest for v in "xyz"}
    assert len(digests) == 3
