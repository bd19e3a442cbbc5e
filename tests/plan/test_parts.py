"""The reference of a kind of step is that of its model, and its example is one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml
from pydantic import TypeAdapter

from tests.commands import bringup
from tui.plan.parts import describe_kind
from tui.plan.reference import reference
from tui.plan.steps import STEPS, Step

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory with the files that examples name."""
    for directory in ("build", "charts/web", "deploy", "migrations", "overlays/test"):
        (tmp_path / directory).mkdir(parents=True)
    for file in ("kind.yaml", "Makefile", "build/Dockerfile", "deploy/web.yaml"):
        (tmp_path / file).touch()
    return tmp_path


@pytest.mark.parametrize("kind", STEPS)
def test_the_example_is_a_step_of_the_kind(kind: str, folder: Path) -> None:
    (step,) = yaml.safe_load(describe_kind(kind).example)
    assert TypeAdapter(Step).validate_python(step, context={"folder": folder}).kind == kind


def test_a_kind_is_told_with_all_its_keys_and_their_parts(tmp_path: Path) -> None:
    done = bringup(tmp_path, "plan", "steps", "postgres.migrate")
    assert done.returncode == 0
    for told in ("connection  Database · required", "port  whole number · default 5432", "timeout  duration"):
        assert told in done.stdout
    data = json.loads(bringup(tmp_path, "plan", "steps", "postgres.migrate", "--output", "json").stdout)
    keys = {key["name"]: key for key in data["keys"]}
    assert set(keys) == {"connection", "migrations", "title", "timeout", "when", "cluster"}
    assert keys["migrations"]["required"]
    assert [part["name"] for part in data["parts"]] == ["Database"]


def test_without_a_kind_all_are_listed(tmp_path: Path) -> None:
    lines = bringup(tmp_path, "plan", "steps").stdout.splitlines()
    told = json.loads(bringup(tmp_path, "plan", "steps", "--output", "json").stdout)
    assert [line.split()[0] for line in lines] == [each["name"] for each in told] == list(STEPS)


def test_of_a_family_its_kinds_are_listed(tmp_path: Path) -> None:
    lines = bringup(tmp_path, "plan", "steps", "helm").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["helm.install", "helm.uninstall"]
    assert bringup(tmp_path, "plan", "steps", "kuber").returncode == 2


def test_a_kind_that_is_none_is_told_with_the_nearest(tmp_path: Path) -> None:
    done = bringup(tmp_path, "plan", "steps", "kubernetes.wiat")
    assert done.returncode == 2
    assert "did you mean 'kubernetes.wait'?" in done.stderr


def test_parts_are_links_in_markdown() -> None:
    text = reference()
    for link in ("[step](#steps)", "list of [Task](#task)", "[Cluster](#cluster)"):
        assert link in text
    assert "`written` or `fast`" in text
