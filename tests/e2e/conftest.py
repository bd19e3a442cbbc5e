"""What end-to-end tests need: a container engine, kind, local images, and bringup as its user starts it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HERE = Path(__file__).parent
NODE_IMAGE = os.environ.get("BRINGUP_E2E_NODE_IMAGE", "kindest/node:v1.20.2")
IMAGES = (NODE_IMAGE, "debian:bookworm-slim", "postgres:15", "redis:7")
STAND_IN = "bringup-e2e/tekton:1"


def run(*argv: str, check: bool = True, timeout: float = 120, **more: str) -> str:
    """What a program prints."""
    done = subprocess.run(
        argv, capture_output=True, text=True, timeout=timeout, env={**os.environ, **more}, check=False
    )
    assert not check or done.returncode == 0, (
        f"{argv} exited with {done.returncode}: {done.stdout}{done.stderr}"
    )
    return done.stdout


@pytest.fixture(scope="session")
def engine() -> None:
    """Skips where no cluster can be had; builds the stand-in for Tekton's image."""
    for program in ("docker", "kind", "kubectl", "curl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    if subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode:
        pytest.skip("no Docker Engine answers")
    for image in IMAGES:
        if subprocess.run(["docker", "image", "inspect", image], capture_output=True, check=False).returncode:
            pytest.skip(f"image {image} is not here, and is not pulled by tests")
    folder = str(HERE / "tekton" / "image")
    run("docker", "build", "--quiet", "--tag", STAND_IN, folder, timeout=300, DOCKER_BUILDKIT="0")


@dataclass
class Bringup:
    """bringup as its user starts it: a process of its own, with a home of its own."""

    home: Path
    cluster: str
    port: int
    options: list[str] = field(default_factory=list)

    @property
    def kubeconfig(self) -> Path:
        return self.home / ".kube" / f"{self.cluster}-config"

    def argv(self, command: str, *arguments: str) -> list[str]:
        settings = [
            f"cluster={self.cluster}",
            f"data_storage.host_port={self.port}",
            f"node_image={NODE_IMAGE}",
        ]
        options = [part for setting in settings for part in ("--set", setting)]
        values = ["--values", str(HERE / "offline.yaml")]
        return [sys.executable, "-m", "tui", command, "workflowexecution", *values, *options, *arguments]

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
        return {**kept, "HOME": str(self.home)}

    def start(self, command: str, *arguments: str) -> subprocess.Popen[str]:
        return self._start(self.argv(command, *arguments))

    def _start(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment(),
            cwd=self.home,
        )

    def __call__(self, command: str, *arguments: str, timeout: float = 600) -> tuple[int, str]:
        """Exit code and output of a command on the bundled plan."""
        return self._finish(self.argv(command, *arguments), timeout)

    def plan(self, command: str, plan: Path, *arguments: str, timeout: float = 600) -> tuple[int, str]:
        """Exit code and output of a command on another plan."""
        return self._finish([sys.executable, "-m", "tui", command, str(plan), *arguments], timeout)

    def snapshots(self, *arguments: str) -> tuple[int, str]:
        """Exit code and output of a command on snapshots."""
        return self._finish([sys.executable, "-m", "tui", "snapshot", *arguments], 60)

    def _finish(self, argv: Sequence[str], timeout: float) -> tuple[int, str]:
        with self._start(argv) as process:
            try:
                output, _ = process.communicate(timeout=timeout)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
                output, _ = process.communicate(timeout=30)
                pytest.fail(f"{argv} took longer than {timeout} s:\n{output[-4000:]}")
        return process.returncode, output

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        return run("kubectl", "--kubeconfig", str(self.kubeconfig), *arguments, check=check)

    def containers(self) -> Sequence[str]:
        """The cluster's node containers, running or not."""
        label = f"label=io.x-k8s.kind.cluster={self.cluster}"
        return run("docker", "ps", "--all", "--quiet", "--filter", label).split()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def bringup(engine: None, tmp_path: Path) -> Iterator[Bringup]:
    """bringup with a cluster of the test's own, which is gone after it."""
    home = tmp_path / "home"
    (home / ".docker").mkdir(parents=True)
    auth = {"auths": {"registry.example": {"auth": "dGVzdGVyOnMzY3IzdC1wNHNzdzByZA=="}}}
    (home / ".docker" / "config.json").write_text(json.dumps(auth))
    made = Bringup(home, "bringup-e2e", free_port())
    yield made
    if made.containers():
        run("kind", "delete", "cluster", "--name", made.cluster, "--kubeconfig", str(made.kubeconfig))
