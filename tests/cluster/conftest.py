"""Real engines that make clusters, one after the other: giving Podman the node's image takes long."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.actions.engines import BASE, NODE, give_to_podman, need_image, running
from tests.actions.recorder import Recorder
from tui.hosts.local import LocalHost
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="package", params=["docker", "podman"])
def environment(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The variables with which an engine is found that has the images of a node and of pods."""
    if shutil.which("kind") is None:
        pytest.skip("kind is not installed")
    with running(request.param) as environment:
        for image in (NODE, BASE):
            need_image(image)
            if request.param == "podman":
                give_to_podman(image, environment)
        yield environment


@pytest.fixture
def real(environment: dict[str, str], tmp_path: Path) -> Iterator[Recorder]:
    """A cluster's name, at a real engine; what is made of it is gone after the test."""
    name = f"bringup-{uuid.uuid4().hex[:8]}"
    cluster = Cluster(name=name, kubeconfig=tmp_path / "own" / "kubeconfig")
    host = LocalHost(environment, tmp_path / "cache")
    engine = asyncio.run(host.engine())
    variables = {"environment": {**environment, **engine.environment}}
    yield Recorder(
        folder=tmp_path, cache=tmp_path / "cache", plan_cluster=cluster, host=host, variables=variables
    )
    argv = ("kind", "delete", "cluster", "--name", name, "--kubeconfig", str(cluster.kubeconfig))
    subprocess.run(argv, env={**environment, **engine.environment}, capture_output=True, check=False)
