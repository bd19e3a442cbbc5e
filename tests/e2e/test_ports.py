"""Environments of other projects as plans, in small; on a real cluster that two of them share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import HERE, NODE_IMAGE, run
from tui.plan.bundled import manifests_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Bringup

PLANS = HERE / "plans"
IMAGE, TAG = "bringup-e2e/service", "e2e"


@pytest.fixture
def operator(engine: None) -> Iterator[None]:
    """Builds the image of all operators that the plans would pull, and takes the plans' images away again."""
    source = str(manifests_folder() / "shared" / "service")
    tag = f"{IMAGE}:{TAG}"
    run(
        "docker",
        "build",
        "--quiet",
        "--tag",
        tag,
        "--build-arg",
        "NAME=operator",
        source,
        DOCKER_BUILDKIT="0",
    )
    yield
    filters = [
        f"--filter=reference={images}:{TAG}" for images in ("bringup-e2e/*", "kueue/*", "cert-manager/*")
    ]
    run("docker", "rmi", *run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}", *filters).split())


@pytest.mark.e2e
@pytest.mark.timeout(300)
def test_two_projects_on_one_cluster(bringup: Bringup, operator: None) -> None:
    settings = [
        f"cluster={bringup.cluster}",
        f"node_image={NODE_IMAGE}",
        f"artifacts={bringup.home}",
    ]
    image = {"image": IMAGE, "tag": TAG}
    operators = [
        {"name": "jobset", "namespace": "jobset-system", **image},
        {"name": "kuberay", "namespace": "ray-system", **image},
    ]
    for plan, own in (
        ("kueue", [f"operators={json.dumps(operators)}"]),
        ("cert-manager", [f"bind={json.dumps({'name': IMAGE, 'tag': TAG})}", f"pebble={IMAGE}:{TAG}"]),
    ):
        options = [part for setting in [*settings, *own] for part in ("--set", setting)]
        code, output = bringup.plan("up", PLANS / plan, "--env", "kind", "--mode", "eager", *options)
        print(output)
        assert code == 0, output[-6000:]
