"""A real cluster that all tests of actions share, as making one takes half a minute."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.actions.kubernetes.real import IMAGE, NAME, NODE, given, runs
from tests.actions.recorder import Recorder
from tui.plan.model import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of these tests' own; each has names of its own in it."""
    if not shutil.which("kind") or not shutil.which("docker"):
        pytest.skip("kind and docker are not installed")
    for image in (NODE, IMAGE):
        if not runs("docker", "image", "inspect", image):
            pytest.skip(f"no container engine, or it lacks the image {image}")
    kubeconfig = str(tmp_path_factory.mktemp("cluster") / "kubeconfig")
    runs("kind", "delete", "cluster", "--name", NAME, "--kubeconfig", kubeconfig)
    try:
        made = runs("kind", "create", "cluster", "--name", NAME, "--image", NODE, "--kubeconfig", kubeconfig)
        assert made, "kind could not create the cluster"
        cluster = Cluster(name=NAME, kubeconfig=Path(kubeconfig))
        assert given(cluster, IMAGE)
        yield cluster
    finally:
        runs("kind", "delete", "cluster", "--name", NAME, "--kubeconfig", kubeconfig)


@pytest.fixture
def ctx(cluster: Cluster, tmp_path: Path) -> Recorder:
    return Recorder(folder=tmp_path, cache=tmp_path / "cache", plan_cluster=cluster)
