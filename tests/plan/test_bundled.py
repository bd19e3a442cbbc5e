"""Which plan is meant by what is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.plan.writing import one_task, write
from tui.cli import main
from tui.plan.bundled import bundled_plans, find_plan, manifests_folder
from tui.plan.faults import PlanError
from tui.plan.lint import lint
from tui.plan.load import load_plan
from tui.plan.steps import HttpCheck, ImageBuild, ImageDeliver, KubernetesApply


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_name_it_is_ones_own_or_else_the_bundled_one(folder: Path) -> None:
    assert (
        find_plan(None)
        == find_plan("workflowexecution")
        == manifests_folder() / "workflowexecution/plan.yaml"
    )
    write(folder, one_task(""), "bringup.yaml")
    assert find_plan(None).resolve() == folder / "bringup.yaml"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("bringup.yml", "a plan is called bringup.yaml"),
        ("Bringup.yaml", "a plan is called bringup.yaml"),
        ("bringup.yaml", "is a link to no file"),
    ],
)
def test_the_bundled_one_does_not_take_the_place_of_ones_own(folder: Path, name: str, cause: str) -> None:
    (folder / name).symlink_to(folder / "absent")
    with pytest.raises(PlanError, match=f"{name}: {cause}"):
        find_plan(None)
    assert find_plan("workflowexecution").is_file()


def test_nor_below_a_directory_of_the_same_repository(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = write(folder, one_task(""), "repository/bringup.yaml")
    (folder / "repository" / "deep" / "down").mkdir(parents=True)
    monkeypatch.chdir(folder / "repository" / "deep" / "down")
    assert find_plan(None) == find_plan("workflowexecution")
    (folder / ".git").touch()  # as a worktree has it
    with pytest.raises(PlanError, match=f"{own}: is further up in the repository"):
        find_plan(None)
    assert find_plan("workflowexecution").is_file()
    (folder / "repository" / "deep" / ".git").mkdir()  # a repository of its own
    assert find_plan(None) == find_plan("workflowexecution")


def test_a_folder_has_a_plan_in_it(folder: Path) -> None:
    plan = write(folder, one_task(""), "sub/plan.yaml")
    assert find_plan("sub").resolve() == plan
    own = write(folder, one_task(""), "sub/bringup.yaml")
    assert find_plan("sub").resolve() == own
    assert find_plan("sub/plan.yaml").resolve() == plan


@pytest.mark.parametrize(
    ("name", "cause", "hint"),
    [
        ("workflowexecutoin", "no such file, directory or bundled plan", "did you mean 'workflowexecution'?"),
        (".", "the directory has neither bringup.yaml nor plan.yaml", "name the plan's file"),
        ("~nobody-of-that-name", "cannot be read", "check the path"),
        ("a" * 5000, "cannot be read", "check the path"),
        ("none.yaml", "cannot be read: No such file", "check the path"),
        ("shop.yml", "cannot be read: No such file", "did you mean 'shop.yaml'?"),
    ],
    ids=["a typing error", "a folder without", "no home", "too long", "no file", "another ending"],
)
def test_what_is_not_there_is_told(
    name: str, cause: str, hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").touch()
    with pytest.raises(PlanError) as caught:
        load_plan(find_plan(name))
    assert cause in caught.value.cause
    assert caught.value.hint == hint
    result = CliRunner().invoke(main, ["plan", "show", name])
    assert result.exit_code == 2
    assert cause in result.stderr


def test_every_bundled_plan_can_be_shown() -> None:
    for name in bundled_plans():
        result = CliRunner().invoke(main, ["plan", "show", name])
        assert result.exit_code == 0, result.output
        assert name in result.output


def test_the_bundled_plan_is_the_four_phases_of_the_reference() -> None:
    loaded = load_plan(find_plan("workflowexecution"))
    assert [[task.id for task in phase.tasks] for phase in loaded.plan.phases] == [
        ["kind-cluster"],
        ["tekton", "postgresql-redis", "data-storage-image"],
        ["deploy-data-storage", "migrations"],
        ["namespace-and-secrets"],
    ]
    assert loaded.plan.tasks[0].steps[0].model_dump()["image"] is None
    assert loaded.plan.secret_values == ("slm_password",)


SISTERS = ("aianalysis", "gateway", "remediationorchestrator", "signalprocessing")
HYBRID = ["images", "cluster", "loads", "applies", "ready"]


@pytest.mark.parametrize("name", [*SISTERS, "workflowexecution"])
def test_the_hybrid_order_is_images_cluster_loads_and_all_at_once(name: str) -> None:
    phases = load_plan(find_plan(f"{name}-hybrid")).plan.phases
    assert [phase.id for phase in phases][:5] == HYBRID
    assert [phase.barrier for phase in phases][:5] == [None, *["meant"] * 4]
    kinds = [{step.kind for task in phase.tasks for step in task.steps} for phase in phases]
    assert kinds[2] == {"kind.load"}
    assert "kubernetes.wait" not in kinds[1]
    assert len(phases[4].tasks) == 1


@pytest.mark.parametrize("name", SISTERS)
def test_both_orders_make_the_same(name: str) -> None:
    def made(plan: str) -> set[str]:
        steps = [step for task in load_plan(find_plan(plan)).plan.tasks for step in task.steps]
        found = {f"build {step.tag}" for step in steps if isinstance(step, ImageBuild)}
        found |= {f"load {name}" for step in steps if isinstance(step, ImageDeliver) for name in step.images}
        found |= {f"check {step.url}" for step in steps if isinstance(step, HttpCheck)}
        for step in steps:
            if isinstance(step, KubernetesApply):
                found |= {f"apply {Path(str(manifest)).resolve()}" for manifest in step.manifests}
        return found

    assert made(name) == made(f"{name}-hybrid")


@pytest.mark.parametrize("name", bundled_plans())
def test_a_bundled_plan_has_no_faults(name: str) -> None:
    assert [each.text for each in lint(load_plan(find_plan(name))) if each.level == "fault"] == []


@pytest.mark.parametrize("name", ["", "  "])
def test_an_empty_name_is_told(name: str) -> None:
    with pytest.raises(PlanError, match="the name is empty"):
        find_plan(name)
