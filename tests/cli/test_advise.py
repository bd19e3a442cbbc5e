"""Advice as patches of real files, which `git apply` takes."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.commands import bringup
from tui.cli.advice_patch import copied_later, patch
from tui.insight.advice.finding import Change, CopyLater, DropNeeds, FastProbes, LoadImages, RemoveLimit
from tui.plan.load import load_plan
from tui.run import events as e
from tui.run.journal import Journal
from tui.run.outline import outline
from tui.run.store import Store

if TYPE_CHECKING:
    from pathlib import Path

PLAN = """\
# What we test against.
apiVersion: bringup/v1
name: advised
limit: 2  # the machine is small
cluster: {name: c, kubeconfig: kc}
phases:
  - id: one
    tasks:
      - id: cluster
        steps:
          - {kind: kind.create}
      # built from the checkout
      - id: base
        needs: [cluster]
        steps: [{kind: image.pull, images: [redis:7]}]

  - id: two
    tasks:
      - id: app
        title: The app  # ours
        needs:
          - cluster   # of course
          - base
        retry: {attempts: 2, signatures: [dns]}
        steps:
          - kind: kubernetes.namespace
            names: [a]
          # the image
          - kind: image.build
            tag: app:1
            context: ctx     # all of it

          - kind: kind.load
            images: app:1
      - id: sole
        needs: [base]
        steps:
          - kind: kubernetes.apply
            manifests: [app.yaml]
# The end.
"""
DOCKERFILE = """\
FROM node:20
WORKDIR /app
COPY . .
# all of them
RUN npm ci \\
    --no-audit
CMD ["node", "."]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "plan.yaml").write_text(PLAN)
    (tmp_path / "app.yaml").write_text("{apiVersion: v1, kind: Service, metadata: {name: app}}")
    (tmp_path / "ctx").mkdir()
    (tmp_path / "ctx" / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "ctx" / "package.json").write_text("{}")
    return tmp_path


def patched(change: Change, folder: Path, base: Path | None = None, name: str = "plan.yaml") -> str:
    loaded = load_plan(folder / name)
    return patch(change, loaded.document, lambda: loaded.plan, base or folder)


def applied(folder: Path, change: Change) -> dict[str, str]:
    """The files that a change's patch changes, as `git apply` leaves them."""
    names = ("plan.yaml", "ctx/Dockerfile")
    before = {name: (folder / name).read_text() for name in names}
    diff = patched(change, folder)
    if diff:
        subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True, cwd=folder)
    load_plan(folder / "plan.yaml")
    after = {name: (folder / name).read_text() for name in names}
    return {name: after[name] for name in names if after[name] != before[name]}


def lines(text: str) -> set[str]:
    return set(text.splitlines())


def test_the_limit_goes_and_all_else_stays(folder: Path) -> None:
    (changed,) = applied(folder, RemoveLimit()).values()
    assert lines(PLAN) - lines(changed) == {"limit: 2  # the machine is small"}
    assert changed.count("\n") == PLAN.count("\n") - 1


@pytest.mark.parametrize(
    ("task", "need", "left"),
    [("app", "base", ["cluster"]), ("base", "cluster", None), ("sole", "base", None)],
)
def test_a_need_goes_from_a_list_and_with_the_last_the_list(
    folder: Path, task: str, need: str, left: list[str] | None
) -> None:
    (changed,) = applied(folder, DropNeeds(task, (need,))).values()
    tasks = {each["id"]: each for phase in yaml.safe_load(changed)["phases"] for each in phase["tasks"]}
    assert tasks[task].get("needs") == left
    assert changed.count("#") >= PLAN.count("#") - 1
    assert changed.count("\n") == PLAN.count("\n") - 1


def test_of_what_each_made_nothing_is_changed_for_one_alone(folder: Path) -> None:
    made = (
        PLAN.replace("- id: cluster\n", "- id: made-${each}\n        each: [a, b]\n", 1)
        .replace("needs: [cluster]", "needs: [made-*]")
        .replace("- cluster   # of course", "- made-a")
    )
    (folder / "plan.yaml").write_text(made)
    assert applied(folder, FastProbes("made-a", (0,))) == {}
    (changed,) = applied(folder, DropNeeds("sole", ("base",))).values()
    assert lines(made) - lines(changed) == {"        needs: [base]"}


def test_probes_look_at_once_and_every_second(folder: Path) -> None:
    (changed,) = applied(folder, FastProbes("sole", (0,))).values()
    assert "- kind: kubernetes.apply\n            probes: fast\n            manifests" in changed
    assert applied(folder, FastProbes("sole", (0,))) == {}
    flow = PLAN.replace(
        "- kind: kubernetes.apply\n            manifests: [app.yaml]",
        "- {kind: kubernetes.apply, manifests: [app.yaml]}",
    )
    (folder / "plan.yaml").write_text(flow)
    (changed,) = applied(folder, FastProbes("sole", (0,))).values()
    assert "{kind: kubernetes.apply, probes: fast, manifests: [app.yaml]}" in changed


def test_images_are_loaded_before_all_else(folder: Path) -> None:
    (changed,) = applied(folder, LoadImages("app", ("redis:7",))).values()
    app = yaml.safe_load(changed)["phases"][1]["tasks"][0]
    assert app["steps"][:2] == [
        {"kind": "image.pull", "images": ["redis:7"]},
        {"kind": "image.deliver", "images": ["redis:7"]},
    ]
    assert len(app["steps"]) == 5
    assert len(lines(changed) - lines(PLAN)) == 2


def test_all_is_copied_after_the_dependencies_are_installed(folder: Path) -> None:
    change = CopyLater("app", 1, "RUN npm ci     --no-audit", ("package.json", "package-lock.json"))
    (changed,) = applied(folder, change).values()
    assert changed.splitlines() == [
        "FROM node:20",
        "WORKDIR /app",
        "COPY package.json ./",
        "# all of them",
        "RUN npm ci \\",
        "    --no-audit",
        "COPY . .",
        'CMD ["node", "."]',
    ]


def test_what_is_written_otherwise_is_left_to_people(folder: Path) -> None:
    assert copied_later("FROM x\nCOPY . .\nRUN make\nRUN npm ci\n", "RUN npm ci", ["package.json"]) is None
    assert copied_later("FROM x\nCOPY --from=y . .\nRUN npm ci\n", "RUN other", ["package.json"]) is None
    assert patched(RemoveLimit(), folder, folder / "ctx") == ""


def test_a_file_without_a_last_line_end_can_be_patched(folder: Path) -> None:
    (folder / "plan.yaml").write_text(PLAN.rstrip("\n"))
    assert "plan.yaml" in applied(folder, RemoveLimit())


def test_line_ends_stay_what_they_are(folder: Path) -> None:
    for name, text in {"plan.yaml": PLAN, "ctx/Dockerfile": DOCKERFILE}.items():
        (folder / name).write_bytes(text.replace("\n", "\r\n").encode())
    later = CopyLater("app", 1, "RUN npm ci --no-audit", ("package.json",))
    for change in (RemoveLimit(), DropNeeds("app", ("base",)), later):
        diff = patched(change, folder)
        subprocess.run(["git", "apply", "-"], input=diff.encode(), check=True, cwd=folder)
    for name in ("plan.yaml", "ctx/Dockerfile"):
        after = (folder / name).read_bytes()
        assert after.count(b"\n") == after.count(b"\r\n")


@pytest.mark.parametrize("needs", ["&same [cluster, base]", "&same\n          - cluster\n          - base"])
def test_what_an_anchor_makes_that_of_other_tasks_is_left_to_people(folder: Path, needs: str) -> None:
    written = PLAN[PLAN.index("        needs:\n") : PLAN.index("        retry:")]
    text = PLAN.replace(written, f"        needs: {needs}\n").replace("needs: [base]", "needs: *same")
    (folder / "plan.yaml").write_text(text)
    assert len(load_plan(folder / "plan.yaml").graph.nodes["sole"].needs) == 2
    for change in (
        DropNeeds("app", ("base",)),
        DropNeeds("sole", ("base",)),
        DropNeeds("app", ("cluster", "base")),
    ):
        assert applied(folder, change) == {}


@pytest.mark.parametrize("tool", [("git", "apply", "-"), ("patch", "-p1")], ids=["git", "patch"])
def test_a_plan_with_a_space_in_its_name_can_be_patched(folder: Path, tool: tuple[str, ...]) -> None:
    plan = (folder / "plan.yaml").rename(folder / "my plan.yaml")
    diff = patched(RemoveLimit(), folder, name="my plan.yaml")
    subprocess.run(tool, input=diff, text=True, check=True, cwd=folder, stdout=subprocess.DEVNULL)
    assert "limit" not in plan.read_text()


def test_a_kept_run_is_advised_on(folder: Path) -> None:
    (folder / "plan.yaml").write_text(PLAN.replace("needs: [base]", "needs: [cluster, base]"))
    loaded = load_plan(folder / "plan.yaml")
    started = e.RunStarted(
        0.0,
        run="20260102T030405Z-aaaa",
        plan="advised",
        title="",
        path=str(folder / "plan.yaml"),
        digest="0",
        phases=outline(loaded.plan),
        mode="eager",
        environment="kind",
        limit=1,
        started="2026-01-02T03:04:05+00:00",
        machine=e.Machine("Linux", 4, 8.0),
        bringup="0",
    )
    journal = Journal(Store().root / started.run)
    journal.append(started)
    times = {"cluster": (0, 20), "base": (20, 32), "app": (32, 90), "sole": (90, 110)}
    for task, (start, end) in times.items():
        journal.append(e.AttemptStarted(float(start), task, 1))
        steps = next(each for each in loaded.plan.tasks if each.id == task).steps
        each = (end - start) / len(steps)
        for i, step in enumerate(steps):
            journal.append(e.StepStarted(start + i * each, task, 1, i, step.describe()))
            journal.append(e.StepFinished(start + (i + 1) * each, task, 1, i))
        journal.append(e.AttemptFinished(float(end), task, 1, "succeeded"))
        journal.append(e.TaskFinished(float(end), task, "succeeded"))
    journal.append(e.RunFinished(110.0, "succeeded"))
    journal.close()
    told = json.loads(bringup(folder, "advise", started.run, "--output", "json").stdout)
    assert [(each["rule"], each["saves"]) for each in told["advice"]] == [
        ("limit", pytest.approx(32.0))
    ]  # its pull runs ahead, too
    text = bringup(folder, "advise", "plan.yaml").stdout
    assert text.startswith("worth most: remove the limit of tasks at once; it saves 32.0s")
    assert "\n-limit: 2  # the machine is small\n" in text
    diff = bringup(folder, "advise", started.run, "--patch").stdout
    subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True, cwd=folder)
    assert "limit" not in (folder / "plan.yaml").read_text()
