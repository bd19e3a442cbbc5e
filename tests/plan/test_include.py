"""Plans that include others."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plan.writing import HEAD, MARK, faults_of, load, marked, write
from tui.cli.advice_patch import patch
from tui.console.plan_tree import tree
from tui.console.style import Style
from tui.insight.advice.finding import Change, DropNeeds, FastProbes
from tui.launch.request import UsageError
from tui.launch.selection import known_tasks
from tui.plan.bundled import bundled_plans, find_plan
from tui.plan.document import read_document
from tui.plan.include import read_plan
from tui.plan.lint import lint
from tui.plan.load import load_plan
from tui.plan.written import read_written
from tui.run.outline import outline, preview

if TYPE_CHECKING:
    from pathlib import Path

    from tui.plan.load import LoadedPlan

RUN = "steps: [{kind: command, shell: 'true'}]"
PLAN = f"""{HEAD}cluster: {{name: demo, kubeconfig: config}}
variables: {{tag: dev, wanted: true}}
include:
  - plan: shared/storage.yaml
    as: ds
    when: ${{wanted}}
    with: {{image: "store:${{tag}}", more: {{b: "${{folder}}"}}}}
environment: {{B: own}}
endpoints: [{{name: own, url: "http://own"}}]
phases:
  - id: images
    title: Images first
  - id: create
    tasks:
      - {{id: cluster, {RUN}}}
  - id: deploy
    tasks:
      - {{id: service, title: "of ${{ds.image}}", needs: [ds, ds.load-*], {RUN}}}
down: [{{kind: kind.delete}}]
"""
STORAGE = f"""variables:
  image:
  password: hush-hush
  names: [x, y]
  more: {{a: 1, b: 2}}
secrets: password
include:
  - {{plan: cache.yaml, as: cache, with: {{size: "${{more.a}}"}}}}
environment: {{A: "${{image}} ${{password}}", B: shared}}
endpoints: [{{name: "${{image}}", url: "http://shared"}}]
phases:
  - id: images
    title: of ${{image}}
    tasks:
      - {{id: image, steps: [{{kind: image.build, tag: "${{image}}", context: build}}]}}
      - {{id: "load-${{each}}", each: "${{names}}", needs: image, {RUN}}}
  - {{id: ready, title: "Ready ${{image}}", tasks: [{{id: probe, {RUN}}}]}}
  - id: deploy
    tasks:
      - id: server
        title: of ${{more.b}}
        needs: [cluster, image, cache]
        steps: [{{kind: kubernetes.apply, manifests: map.yaml, substitute: true}}]
failed: [{{kind: command, shell: "echo ${{image}}"}}]
down: [{{kind: command, shell: "echo ${{image}}"}}]
"""
CACHE = f"""variables: {{size: null, image: "cache:${{size}}"}}
phases:
  - {{id: deploy, tasks: [{{id: server, needs: cluster, title: "${{image}} ${{folder}}", {RUN}}}]}}
"""
MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: '${image}'}}"


def included(folder: Path, text: str = PLAN, *settings: str) -> LoadedPlan:
    write(folder, STORAGE, "shared/storage.yaml")
    write(folder, CACHE, "shared/cache.yaml")
    write(folder, MAP, "shared/map.yaml")
    write(folder, "FROM scratch\n", "shared/build/Dockerfile")
    return load(folder, text, settings=settings)


def test_its_tasks_become_tasks_of_the_plan(tmp_path: Path) -> None:
    plan = included(tmp_path).plan
    assert [(phase.id, [task.id for task in phase.tasks]) for phase in plan.phases[:4]] == [
        ("images", ["ds.image", "ds.load-x", "ds.load-y"]),
        ("create", ["cluster"]),
        ("ready", ["ds.probe"]),
        ("deploy", ["ds.cache.server", "ds.server", "service"]),
    ]
    assert [phase.title for phase in plan.phases[:3]] == ["Images first", "", "Ready store:dev"]
    tasks = {task.id: task for task in plan.tasks}
    assert tasks["ds.server"].needs == ("cluster", "ds.image", "ds.cache.server")
    assert {*tasks["service"].needs} == {"ds.load-x", "ds.load-y", "ds.probe", "ds.server"}
    assert [step.describe() for step in plan.down] == [
        "command echo store:dev",
        "kind.delete kind.delete",
    ] or ([step.kind for step in plan.down] == ["command", "kind.delete"])
    assert [step.describe() for step in plan.failed] == ["command echo store:dev"]


def test_its_variables_are_its_own(tmp_path: Path) -> None:
    loaded = included(tmp_path, PLAN, "ds.cache.size=9", "ds.more.a=3")
    titles = {task.id: task.title for task in loaded.plan.tasks}
    assert titles["ds.cache.server"] == f"cache:9 {tmp_path / 'shared'}"
    assert titles["ds.server"] == f"of {tmp_path}"
    assert titles["service"] == "of store:dev"
    assert loaded.plan.environment == {"A": "store:dev hush-hush", "B": "own"}
    assert [endpoint.name for endpoint in loaded.plan.endpoints] == ["store:dev", "own"]
    assert (loaded.plan.secrets, loaded.plan.secret_values) == (("ds.password",), ("hush-hush",))
    [build] = next(task.steps for task in loaded.plan.tasks if task.id == "ds.image")
    assert build.model_dump()["context"] == str(tmp_path / "shared/build")
    [apply] = next(task.steps for task in loaded.plan.tasks if task.id == "ds.server")
    assert loaded.plan.variables_of(apply)["image"] == "store:dev"
    assert loaded.plan.folder_of(apply) == tmp_path / "shared"


def test_what_is_said_of_it_names_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = included(tmp_path)
    lines = STORAGE.splitlines()
    number = next(i for i, line in enumerate(lines, 1) if "id: image," in line)
    assert str(loaded.place("ds.image")) == f"shared/storage.yaml:{number}:9"
    assert loaded.place("service").file == "plan.yaml"
    assert f"· shared/storage.yaml:{number}" in "\n".join(tree(loaded, Style(False)))
    assert {remark.place.file for remark in lint(loaded)} >= {"shared/storage.yaml", "plan.yaml"}


def test_its_name_selects_all_of_it(tmp_path: Path) -> None:
    plan = included(tmp_path).plan
    assert known_tasks("ds.cache", plan, "--only") == ["ds.cache.server"]
    assert len(known_tasks("ds", plan, "--only")) == len(known_tasks("ds.*", plan, "--only")) == 6
    with pytest.raises(UsageError, match="--only d: the plan has no such task"):
        known_tasks("d", plan, "--only")


def test_it_may_be_not_wanted(tmp_path: Path) -> None:
    plan = included(tmp_path, PLAN, "wanted=false").plan
    unwanted = {task.id for task in plan.tasks if not all(task.when)}
    assert unwanted == {"ds.image", "ds.load-x", "ds.load-y", "ds.probe", "ds.server", "ds.cache.server"}
    assert [step.is_wanted for step in plan.down] == [False, True]


def test_what_it_is_given_decides_what_a_task_is(tmp_path: Path) -> None:
    def digests(*settings: str) -> dict[str, str]:
        tasks = (task for phase in outline(included(tmp_path, PLAN, *settings).plan) for task in phase.tasks)
        return {task.id: task.digest for task in tasks}

    before, after = digests(), digests("ds.more.a=3")
    assert {id_ for id_ in before if before[id_] != after[id_]} == {"ds.server", "ds.cache.server"}


def test_one_file_by_two_names(tmp_path: Path) -> None:
    text = PLAN.replace(
        "environment:", "  - {plan: shared/storage.yaml, as: two, with: {image: b}}\nenvironment:"
    )
    loaded = included(tmp_path, text)
    assert [task.id for task in loaded.plan.phases[0].tasks][3:] == ["two.image", "two.load-x", "two.load-y"]
    assert loaded.place("two.image") == loaded.place("ds.image")
    assert loaded.plan.environment["A"] == "b hush-hush"


def test_its_tasks_are_there_before_the_plan_is_read(tmp_path: Path) -> None:
    loaded = included(tmp_path)
    _, phases = preview(read_plan(loaded.path)[0].value)
    assert [task.id for task in phases[0].tasks] == ["ds.image", "ds.load-${each}"]


def test_a_patch_changes_the_file_that_a_task_is_written_in(tmp_path: Path) -> None:
    loaded = included(tmp_path)

    def patched(change: Change) -> str:
        return patch(change, loaded.document, lambda: loaded.plan, tmp_path)

    assert "-      - {id: service" in patched(DropNeeds("service", ("ds.load-*",)))
    assert patched(DropNeeds("ds.load-x", ("ds.image",))) == ""  # `each` makes others of it
    changes = DropNeeds("ds.server", ("cluster", "ds.image")), FastProbes("ds.server", (0,))
    for change in changes:
        diff = patched(change)
        assert diff.startswith("--- a/shared/storage.yaml")
        subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True, cwd=tmp_path)
        loaded = load_plan(loaded.path)
    server = next(task for task in loaded.plan.tasks if task.id == "ds.server")
    assert server.needs == ("ds.cache.server",)
    assert server.steps[0].probes == "fast"  # type: ignore[union-attr]


def test_no_patch_is_made_of_a_file_that_is_included_twice(tmp_path: Path) -> None:
    again = "  - {plan: shared/storage.yaml, as: two, with: {image: b}}\nenvironment:"
    loaded = included(tmp_path, PLAN.replace("environment:", again))
    assert patch(FastProbes("ds.server", (0,)), loaded.document, lambda: loaded.plan, tmp_path) == ""


def test_files_tell_a_plans_checksum_before_its_models_read_it(tmp_path: Path) -> None:
    plans = [included(tmp_path), *(load_plan(find_plan(name)) for name in bundled_plans())]
    for loaded in plans:
        written = read_written(loaded.path, loaded.files, loaded.settings)
        assert written.digest(written.variables.resolved()) == loaded.digest


ONE = f"phases: [{{id: one, tasks: [{{id: a, needs: b, {RUN}}}, {{id: b, {RUN}}}]}}]\n"
OUTER = f"""{HEAD}include: [{{plan: part.yaml, as: p}}]
phases: [{{id: two, tasks: [{{id: c, needs: p, {RUN}}}]}}]
"""
WRONG_PARTS = {
    f"▶imclude: []\n{ONE}": "unknown key 'imclude'",
    f"▶cluster: {{}}\n{ONE}": "a plan that is included cannot have 'cluster'",
    f"apiVersion: ▶v2\n{ONE}": "apiVersion: must be 'bringup/v1'",
    "▶# nothing": "is empty",
    "▶name: x\n": "the key 'phases' is missing",
    "▶[]": "a plan must be a mapping",
    f"down: ▶{{}}\n{ONE}": "down: a list is expected here, not a mapping",
    f"environment: ▶[]\n{ONE}": "environment: a mapping is expected here, not a list",
    "▶kind: Pod\n": "this is a Kubernetes object, not a plan",
    "a: ▶]": "is not YAML",
    ONE.replace("true", "▶${y}"): "variable 'y' is not defined",  # it is one of the plan that includes it
    ONE.replace("needs: b", "needs: ▶d"): "'p.a' needs 'p.d', which is no task",
    ONE.replace("id: b,", "id: b, needs: a,").replace("needs: b", "needs: ▶b"): "tasks need each other",
    ONE.replace("kind: command", "kind: ▶comand"): "unknown step kind 'comand'",
    ONE.replace("shell: 'true'", "shell: a, folder: ▶none"): "folder: no such directory",
    f"include: [{{plan: ▶plan.yaml, as: q}}]\n{ONE}": "plans include each other in a circle: plan.yaml → ",
    f"include: [{{plan: ▶link.yaml, as: q}}]\n{ONE}": "plans include each other in a circle: part.yaml → ",
    f"variables: {{v: {{each: 1}}, ▶each: 1}}\n{ONE}": "'each' is taken",
    f"variables: {{v: '▶${{w}}'}}\n{ONE}": "variable 'w' is not defined",
}
WITH = f"variables: {{v: , g: {{w: 1}}, x: 1}}\n{ONE}"
WRONG_PLANS = {
    ("{plan", "▶{plan"): "'p' is given no value for its variable 'v'",
    ("as: p", "as: p, with: {v: 1, ▶y: 1}"): "what is included has no variable 'y'",
    ("as: p", "as: p, with: {v: 1, ▶g: 1}"): "'g' is a group of variables",
    ("as: p", "as: p, with: {v: '▶${none}'}"): "variable 'none' is not defined",
    ("as: p", "as: p, with: {v: '▶${output.z}'}"): "variable 'output.z' is not defined",
    ("as: p", "as: p, with: ▶[1]"): "with: a mapping is expected here, not a list",
    ("as: p", "as: p, ▶wiht: {}"): "unknown key 'wiht'",
    ("as: p", "as: ▶p.q"): "as: must be at most 32 lower-case",
    ("as: p", "as: ▶y"): "'y' is taken: it is a variable",
    ("as: p", "as: p, when: ▶perhaps"): "when: 'perhaps' is neither true nor false",
    ("{plan: part.yaml, as: p}", "▶{plan: part.yaml}"): "the key 'as' is missing",
    ("{plan: part.yaml, as: p}", "▶part.yaml"): "a mapping is expected here, not 'part.yaml'",
    ("part.yaml", "▶none.yaml"): "'none.yaml' cannot be read: No such file",
    ("part.yaml", "▶."): "'.' is not a file",
    ("part.yaml", '▶"${y}.yaml"'): "the file of a plan that is included cannot depend on variables",
    ("}]\nphases", "}, {plan: part.yaml, as: ▶p}]\nphases"): "two plans are included as 'p'",
    ("id: c, needs: p", "id: ▶p"): "'p' is taken: a plan is included as that",
    ("needs: p", "needs: ▶p"): "'c' needs 'p.a' of a later phase",
    ("[{id: two", "[▶{id: zero}, {id: one}, {id: two"): "the key 'tasks' is missing",
    ("phases: [", "phases: ▶{id: one}\nx-all: ["): "phases: a list is expected",
}


@pytest.mark.parametrize(
    ("outer", "part", "cause"),
    [
        *((f"variables: {{y: 1}}\n{OUTER}", part, cause) for part, cause in WRONG_PARTS.items()),
        *((f"variables: {{y: 1}}\n{OUTER}".replace(*at), WITH, cause) for at, cause in WRONG_PLANS.items()),
    ],
    ids=[*WRONG_PARTS.values(), *WRONG_PLANS.values()],
)
def test_what_is_wrong_is_told_with_its_place(
    outer: str, part: str, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, part, "part.yaml")
    (tmp_path / "link.yaml").symlink_to("part.yaml")
    faults = faults_of(write(tmp_path, outer))
    fault = next((fault for fault in faults if cause in fault.cause), None)
    assert fault, faults
    assert fault.place == [*marked(outer, "plan.yaml"), *marked(part, "part.yaml")][0]
    assert MARK not in fault.cause


def test_two_tasks_of_a_name_are_told_with_both_files(tmp_path: Path) -> None:
    write(tmp_path, ONE, "part.yaml")
    faults = faults_of(write(tmp_path, OUTER.replace("id: c", "id: p.a")))
    assert faults[0].cause == "two tasks are called 'p.a'"
    assert f"the other is at {tmp_path / 'plan.yaml'}:4:" in faults[0].hint


def test_there_is_an_end_to_plans_that_include_plans(tmp_path: Path) -> None:
    for n in range(20):
        both = ", ".join(f"{{plan: p{n + 1}.yaml, as: {name}}}" for name in "ab")
        write(tmp_path, f"include: [{both}]\n", f"p{n}.yaml")
    write(tmp_path, ONE, "p20.yaml")
    [fault] = faults_of(write(tmp_path, OUTER.replace("part", "p0")))
    assert "more than 100 plans are included" in fault.cause or "nested" in fault.cause


names = st.text("abc", min_size=1, max_size=2)


@given(orders=st.lists(st.lists(names, unique=True, min_size=1, max_size=4), min_size=1, max_size=3))
def test_phases_stay_in_the_order_of_the_plan_that_names_them(
    orders: list[list[str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Its own are in its own order, and each phase is there once, with the tasks of all."""
    folder = tmp_path_factory.mktemp("order")
    texts = [
        "phases:\n" + "".join(f"- {{id: {p}, tasks: [{{id: t-{p}, {RUN}}}]}}\n" for p in order)
        for order in orders
    ]
    parts = [f"{{plan: p{n}.yaml, as: p{n}}}" for n in range(1, len(texts))]
    for n, text in enumerate(texts[1:], 1):
        write(folder, text, f"p{n}.yaml")
    phases = load(folder, f"{HEAD}include: [{', '.join(parts)}]\n{texts[0]}").plan.phases
    assert [phase.id for phase in phases if phase.id in orders[0]] == orders[0]
    assert {phase.id: len(phase.tasks) for phase in phases} == {
        p: sum(p in order for order in orders) for order in orders for p in order
    }


def test_a_plan_without_includes_is_its_document(tmp_path: Path) -> None:
    path = write(tmp_path, CACHE)
    document, found = read_plan(path)
    plain = read_document(path, document.file)
    assert not found
    assert (document.value, document.places, document.keys) == (plain.value, plain.places, plain.keys)
