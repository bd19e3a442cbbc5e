"""Real container engines for tests: the machine's Docker, and a Podman service of the tests' own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

BASE = "debian:bookworm-slim"
NODE = "kindest/node:v1.20.2"


@contextlib.contextmanager
def running(flavour: str) -> Iterator[dict[str, str]]:
    """The variables with which an engine is found; skips where there is none."""
    if not has_docker():
        pytest.skip("no Docker engine answers")
    if flavour == "docker":
        yield dict(os.environ)
        return
    if shutil.which("podman") is None:
        pytest.skip("podman is not installed")
    with (
        tempfile.TemporaryDirectory(prefix="p") as short,
        _podman(Path(short)) as url,
    ):  # it takes 50 characters
        yield {**os.environ, "DOCKER_HOST": url}


def has_docker() -> bool:
    try:
        return subprocess.run(("docker", "info"), capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def need_image(image: str) -> None:
    """Skips where Docker does not have an image, which no test pulls."""
    if subprocess.run(("docker", "image", "inspect", image), capture_output=True, check=False).returncode:
        pytest.skip(f"the engine has no image {image}")


def give_to_podman(image: str, environment: dict[str, str]) -> None:
    """Copies an image of Docker's into the Podman that an environment leads to."""
    podman = {**os.environ, "CONTAINER_HOST": environment["DOCKER_HOST"]}
    with subprocess.Popen(("docker", "save", image), stdout=subprocess.PIPE) as saving:
        subprocess.run(
            ("podman", "load", "--quiet"), stdin=saving.stdout, env=podman, check=True, capture_output=True
        )
    full = image if "/" in image else f"library/{image}"
    subprocess.run(("podman", "tag", f"localhost/{image}", f"docker.io/{full}"), env=podman, check=True)


@contextlib.contextmanager
def _podman(folder: Path) -> Iterator[str]:
    """A Podman service with a storage of its own, in a folder."""
    config, socket = folder / "containers.conf", folder / "podman.sock"
    limits = '"nofile=4096:4096", "nproc=4096:4096"'
    # Its defaults are above what a process without privileges may ask for.
    config.write_text(f"[containers]\ndefault_ulimits = [{limits}]\n")
    storage = ("--root", str(folder / "root"), "--runroot", str(folder / "run"))
    argv = (
        "podman",
        *storage,
        "--cgroup-manager=cgroupfs",
        "system",
        "service",
        "--time=0",
        f"unix://{socket}",
    )
    environment = {**os.environ, "CONTAINERS_CONF": str(config)}
    with (folder / "podman.log").open("wb") as log:
        service = subprocess.Popen(argv, env=environment, stdout=log, stderr=log)
    try:
        for _ in range(100):
            if socket.exists() or service.poll() is not None:
                break
            time.sleep(0.1)
        if not socket.exists():
            pytest.skip(f"podman does not start here: {(folder / 'podman.log').read_text()[-300:]}")
        yield f"unix://{socket}"
    finally:
        service.terminate()
        service.wait(20)
        _clear(folder)


def _clear(folder: Path) -> None:
    """Ends the watchers that Podman leaves for five minutes after each exec, and gives the disk back."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{folder}/root/".encode() in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([each for each in mounts if each.startswith(f"{folder}/")]):
        subprocess.run(("umount", "--lazy", mount), check=False)
    for storage in ("root", "run"):
        shutil.rmtree(folder / storage, ignore_errors=True)
