"""Hosts in plans: where each part is, what is said of those that are wrong, and how they are shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.plan.writing import HEAD, STEPS, faults_of, load, marked, one_task, write
from tests.plans import make_plan
from tui.cli import main
from tui.plan.placement import placement

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = "hosts: {default: me@box, builder: 'ssh://builder:2222'}\n"
PLACED = f"""{HEAD}{HOSTS}variables: {{tag: 'app:1'}}
cluster: {{name: demo, kubeconfig: config}}
phases:
  - id: one
    tasks:
      - {{id: cluster, host: CLUSTER, steps: [{{kind: kind.create}}]}}
      - {{id: image, host: builder, steps: [{{kind: image.build, tag: "${{tag}}", context: image}}]}}
      - {{id: pull, host: local, steps: [{{kind: image.pull, images: [redis, postgres]}}]}}
      - {{id: load, needs: [cluster, image], steps: [{{kind: kind.load, images: "${{tag}}"}}]}}
"""
WRONG = {
    "host that is none": (
        one_task("host: ▶bilder", HOSTS),
        "'bilder' is no host of the plan",
        "did you mean 'builder'?",
    ),
    "host of a plan without any": (
        one_task("host: ▶box"), "'box' is no host of the plan", "add it to `hosts: {NAME: ssh://…}`"
    ),
    "host that is no text": (one_task("host: ▶[builder]", HOSTS), "host", ""),
    "bad address": (
        one_task("", "hosts: {builder: ▶'http://box'}\n"),
        "'http://box' is not the address of a machine",
        "write ssh://[USER@]HOST[:PORT]",
    ),
    "bad port": (
        one_task("", "hosts: {builder: ▶'box:99999'}\n"), "'box:99999' is not the address of a machine", ""
    ),
    "name that is none": (one_task("", "hosts: {Big Box: ▶box}\n"), "Big Box", ""),
    "this machine by another address": (
        one_task("", "hosts: {local: ▶box}\n"),
        "'local' is this machine, whatever the plan says",
        "give it another name",
    ),
}  # fmt: skip


@pytest.mark.parametrize("host", ["builder", "default", "local"])
def test_each_part_is_where_its_task_is(tmp_path: Path, host: str) -> None:
    write(tmp_path / "image", "FROM scratch", "Dockerfile")
    places = placement(load(tmp_path, PLACED.replace("CLUSTER", host)).plan)
    assert places.tasks == {"cluster": host, "image": "builder", "pull": "local", "load": "default"}
    assert (places.clusters, places.main) == ({"": host}, host)
    assert places.images == {"app:1": "builder", "redis": "local", "postgres": "local"}


def test_a_cluster_that_nobody_creates_is_where_tasks_are_that_name_no_host(tmp_path: Path) -> None:
    places = placement(load(tmp_path, one_task("host: builder", HOSTS)).plan)
    assert (places.main, places.images) == ("default", {})


def test_addresses_are_read_as_they_are_written(tmp_path: Path) -> None:
    text = one_task("", "variables: {box: box}\nhosts: {default: '${box}', a: local, b: 'u@[::1]:22'}\n")
    assert load(tmp_path, text).plan.hosts == {
        "default": "ssh://box", "a": "local", "b": "ssh://u@[::1]:22"
    }  # fmt: skip
    assert load(tmp_path, text, settings=["box=me@other"]).plan.hosts["default"] == "ssh://me@other"


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_told_with_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    text, cause, hint = WRONG[fault]
    faults = faults_of(write(tmp_path, text))
    assert [found.place for found in faults] == marked(text, "plan.yaml")
    assert cause in faults[0].cause
    assert hint in faults[0].hint


def test_a_plan_is_shown_with_its_machines(tmp_path: Path) -> None:
    tasks = f"      - id: second\n        host: builder\n        needs: [first]\n{STEPS}"
    path = str(write(tmp_path, one_task("", HOSTS) + tasks))
    shown = CliRunner().invoke(main, ["plan", "show", path])
    assert shown.exit_code == 0
    lines = shown.stdout.splitlines()
    assert "  ├─ first  first" in lines
    assert "  └─ second  second · on builder · needs first" in lines
    assert lines[-2:] == ["default  ssh://me@box", "builder  ssh://builder:2222"]
    data = json.loads(CliRunner().invoke(main, ["plan", "show", path, "--output", "json"]).stdout)
    assert data["hosts"] == {"default": "ssh://me@box", "builder": "ssh://builder:2222"}
    assert [task.get("host") for task in data["phases"][0]["tasks"]] == [None, "builder"]


def test_a_plan_that_only_takes_a_cluster_away_does_so_where_it_was_made() -> None:
    steps = [{"kind": "kind.delete"}]
    cluster = {"name": "demo", "kubeconfig": "/config"}
    plan = make_plan([{"down": []}], cluster=cluster, tasks={"down": {"host": "far", "steps": steps}})
    assert placement(plan).clusters == {"": "far"}
