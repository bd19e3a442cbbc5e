"""`bringup init`, as its user gives it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.commands import bringup
from tests.starter.shapes import SHAPES, deployment, lay
from tui.plan.load import load_plan
from tui.plan.steps import ImageBuild

if TYPE_CHECKING:
    from pathlib import Path

    from tui.plan.load import LoadedPlan


def steps(loaded: LoadedPlan) -> dict[str, list[str]]:
    return {task.id: [step.describe() for step in task.steps] for task in loaded.plan.tasks}


def test_it_tells_what_it_takes_what_it_leaves_and_what_to_do_next(tmp_path: Path) -> None:
    lay(
        tmp_path,
        SHAPES["plain manifests"]
        | {"hack/Dockerfile": "FROM x\n", "k8s/bad.yaml": "apiVersion: v1\nkind: 5\n"},
    )
    done = bringup(tmp_path, "init")
    assert done.returncode == 0, done.stderr
    for told in (
        "manifests, applied",
        "builds acme/web:dev",
        "k8s/bad.yaml: the object has no kind",
        "hack/Dockerfile: ",
    ):
        assert told in done.stdout
    assert done.stdout.index("nothing to remark") < done.stdout.index("bringup up --env rehearsal")
    assert "p4ssw0rd" not in done.stdout
    assert steps(load_plan(tmp_path / "bringup.yaml")) == {
        "cluster": ["cluster.create"],
        f"image-{tmp_path.name.lower().replace('_', '-')}"[:40].strip("-"): ["image.build acme/web:dev"],
        "pull-images": ["image.pull postgres:15"],
        "load": ["image.deliver acme/web:dev, postgres:15"],
        "deploy": [
            "kubernetes.apply db.yaml, namespace.yaml, web.yaml",
            "kubernetes.wait statefulset/db, deployment/web",
        ],
        "migrations": ["postgres.migrate shop"],
    }


@pytest.mark.parametrize("there", ["file", "link that leads nowhere"])
def test_what_is_there_is_not_lost(tmp_path: Path, there: str) -> None:
    path = tmp_path / "bringup.yaml"
    if there == "file":
        path.write_text("mine")
    else:
        path.symlink_to("nowhere")
    done = bringup(tmp_path, "init")
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["bringup.yaml"]

    for number in ("", "2"):
        done = bringup(tmp_path, "init", "--force")
        assert f"bringup.yaml was there, and is bringup.yaml.old{number} now" in done.stdout
    kept = tmp_path / "bringup.yaml.old"
    assert kept.is_symlink() if there != "file" else kept.read_text() == "mine"


def test_paths_are_those_from_the_plan(tmp_path: Path) -> None:
    lay(
        tmp_path / "pro ject",
        SHAPES["dockerfiles beside each other"] | {"k8s/x.yaml": deployment("pro-ject:v1")},
    )
    (tmp_path / "plans").mkdir()
    done = bringup(tmp_path, "init", "--from", "pro ject", "--output", "plans/mine.yaml")
    assert done.returncode == 0, done.stderr
    assert "bringup up plans/mine.yaml --env rehearsal" in done.stdout
    assert "../pro ject/k8s" in (tmp_path / "plans" / "mine.yaml").read_text()
    assert bringup(tmp_path, "plan", "lint", "plans/mine.yaml").returncode == 0


def test_each_dockerfile_is_an_image_with_what_it_copies_from(tmp_path: Path) -> None:
    lay(tmp_path / "shop", SHAPES["dockerfiles beside each other"] | {"go.mod": "", "cmd/main.go": ""})
    bringup(tmp_path, "init", "--from", "shop")
    shop = tmp_path / "shop"
    tasks = load_plan(shop / "bringup.yaml").plan.tasks
    builds = [step for task in tasks for step in task.steps if isinstance(step, ImageBuild)]
    assert {(build.tag, build.context, build.dockerfile) for build in builds} == {
        ("shop/api:dev", shop, shop / "build" / "Dockerfile.api"),
        ("shop/web:dev", shop / "build", shop / "build" / "web.Dockerfile"),
        ("shop:dev", shop, shop / "Containerfile"),
    }


def test_an_image_is_the_one_that_is_deployed_whatever_its_tag(tmp_path: Path) -> None:
    lay(
        tmp_path,
        {
            "services/api/Dockerfile": "FROM x\n",
            "services/job/Dockerfile": "FROM x\n",
            "k8s/api.yaml": deployment("registry.acme.io/shop-api:latest", "api", "default"),
            "k8s/redis.yaml": deployment("redis:7", "redis", "default"),
        },
    )
    done = bringup(tmp_path, "init")
    assert "services/job/Dockerfile: nothing that is deployed uses it" in done.stdout
    text = (tmp_path / "bringup.yaml").read_text()
    assert "images: [{name: registry.acme.io/shop-api, newTag: dev}]" in text
    assert 'images: ["registry.acme.io/shop-api:dev", "redis:7"]' in text


def test_a_chart_gets_the_image_that_is_built_for_it(tmp_path: Path) -> None:
    lay(tmp_path, SHAPES["a chart"])
    bringup(tmp_path, "init")
    text = (tmp_path / "bringup.yaml").read_text()
    assert "values: {image: {repository: acme/web, tag: dev, pullPolicy: IfNotPresent}}" in text
    assert "config: hack/kind-config.yaml" in text


def test_a_cluster_is_made_by_what_its_configuration_is_for(tmp_path: Path) -> None:
    folder = tmp_path / ("shop-" * 10)
    lay(folder, SHAPES["a configuration of k3d"])
    done = bringup(folder, "init")
    assert "hack/k3d.yaml  configuration of the cluster, by k3d" in done.stdout
    cluster = load_plan(folder / "bringup.yaml").plan.clusters[""]
    assert (cluster.provider, cluster.name) == ("k3d", "shop-shop-shop-shop-shop-shop-sh")
    assert bringup(folder, "plan", "lint").returncode == 0


def test_a_way_that_leads_nowhere_is_not_gone(tmp_path: Path) -> None:
    lay(
        tmp_path,
        SHAPES["a chart"] | {"Dockerfile.dev": "FROM x\n", "kz/kustomization.yaml": "resources: 5\n"},
    )
    bringup(tmp_path, "init")
    text = (tmp_path / "bringup.yaml").read_text()
    assert "kind: helm.install" in text
    assert "Dockerfile.dev: another one builds " in text


def test_what_git_ignores_is_not_looked_at(tmp_path: Path) -> None:
    files = {"Dockerfile": "FROM x\n", "out/Dockerfile": "FROM x\n", ".gitignore": "out/\n"}
    lay(tmp_path, files)
    subprocess.run(
        ["git", "init", "-q"], cwd=tmp_path, check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    )
    bringup(tmp_path, "init")
    assert "out/" not in (tmp_path / "bringup.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--output", "no/where.yaml"], "cannot be written"),
        (["--from", "nowhere"], "nowhere"),
        (["--output", "."], "directory"),
    ],
)
def test_what_cannot_be_is_told(tmp_path: Path, arguments: list[str], says: str) -> None:
    done = bringup(tmp_path, "init", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == []
