"""What `bringup init` writes for a checkout comes up as it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import NODE_IMAGE, run
from tests.starter.shapes import KIND, NAMESPACE, deployment, kustomization, lay

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Bringup

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]
IMAGE = "bringup-e2e/web:dev"


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    """A project whose plan is called after the tests' cluster, and whose manifests name a tag `latest`."""
    yield lay(
        tmp_path / "bringup-e2e",
        {
            "kind.yaml": KIND.replace("control-plane", f"control-plane, image: '{NODE_IMAGE}'"),
            "Dockerfile": "FROM debian:bookworm-slim\nCOPY app/ /app\nCMD sh /app/run.sh\n",
            "app/run.sh": "while true; do sleep 1; done\n",
            "k8s/base/kustomization.yaml": kustomization("namespace.yaml", "web.yaml"),
            "k8s/base/namespace.yaml": NAMESPACE,
            "k8s/base/web.yaml": deployment("bringup-e2e/web:latest"),
            "k8s/overlays/dev/kustomization.yaml": kustomization("../../base"),
            "k8s/overlays/prod/kustomization.yaml": kustomization("../../base"),
        },
    )
    run("docker", "image", "rm", "--force", IMAGE, check=False)


def test_what_init_writes_comes_up(bringup: Bringup, checkout: Path) -> None:
    told = run(sys.executable, "-m", "tui", "init", "--from", str(checkout), HOME=str(bringup.home))
    assert "nothing to remark" in told

    code, output = bringup.plan("up", checkout / "bringup.yaml", "--mode", "eager")

    assert code == 0, output
    image = bringup.kubectl(
        "-n", "shop", "get", "deployment", "web", "-o", "jsonpath={..containers[*].image}"
    )
    assert image == IMAGE
    assert bringup.plan("down", checkout / "bringup.yaml")[0] == 0
    assert not bringup.containers()
