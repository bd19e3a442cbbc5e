"""The bundled plan brought up on a real cluster over SSH, through a real sshd; cut, retried and resumed.

With BRINGUP_CAPTURES=FOLDER the screens on the way are kept there, as `tmux capture-pane -e -p` prints them.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh
import pytest
import yaml

from tests.actions.engines import running as running_engine
from tests.contract.servers import Client, Sshd, needs_sshd, running
from tests.e2e.conftest import Bringup, run
from tests.e2e.test_bring_up import (
    check_audit_event,
    check_deployments,
    check_namespaces_and_crds,
    check_no_secret_is_written,
    check_tables,
)
from tests.e2e.test_dashboard import attempts, capture
from tests.tmux import quoted, tmux
from tui.plan.bundled import manifests_folder
from tui.run.journal import read_events

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900), needs_sshd]

_LONG = 240.0  # seconds for what takes long


@pytest.fixture
def user(bringup: Bringup) -> Client:
    return Client(bringup.home, asyncssh.generate_private_key("ssh-ed25519"))


@pytest.fixture
def far(user: Client, tmp_path: Path) -> Iterator[Sshd]:
    """A machine that the user knows; it is this one, but for its user's home."""
    with running(Sshd(tmp_path / "far", [user.key])) as server:
        user.knows(server)
        yield server


def on(server: Sshd) -> tuple[str, str]:
    return "--host", server.address.url


def check_nothing_is_left(*servers: Sshd) -> None:
    """Waits for the end of what a connection's end has ended: on a busy machine that takes some seconds."""
    until = time.monotonic() + 20
    while any(server.left() for server in servers) and time.monotonic() < until:
        time.sleep(0.2)
    assert [server.left() for server in servers] == [[] for _ in servers]


@contextlib.contextmanager
def open_tunnel(bringup: Bringup) -> Iterator[str]:
    """What `bringup tunnel` prints, for as long as it holds the ports open."""
    argv = [*bringup.argv("tunnel")[:4]]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, text=True, env=bringup.environment() | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        try:
            yield "".join(lines)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=20) == 0


def test_the_same_plan_on_another_machine(bringup: Bringup, far: Sshd) -> None:
    code, output = bringup("up", "--prefetch", *on(far))
    print(output)
    assert code == 0, output[-6000:]
    assert len(re.findall(r"✓ \d took .* ahead of its place · loaded", output)) == 3
    assert "could not be streamed" not in output
    assert f"kind on {far.address}" in output
    assert f"http://127.0.0.1:{bringup.port} at {far.address}" in output
    check_no_secret_is_written(bringup, output)
    with open_tunnel(bringup) as said:
        check_namespaces_and_crds(bringup)
        check_deployments(bringup)
        check_tables(bringup)
        port = int(said.partition("Data Storage: http://127.0.0.1:")[2].split()[0])
        assert port != bringup.port  # which is taken: the other machine is this one
        check_audit_event(replace(bringup, port=port))
        assert bringup("status")[0] == 0
        check_tables(bringup)  # the tunnel's way still is the kubeconfig's
    assert bringup("status")[0] == 0
    code, output = bringup("up", *on(far))
    assert code == 0, output
    assert "unchanged: cluster bringup-e2e is there and healthy" in output
    code, output = bringup("down")
    assert code == 0, output
    assert bringup.containers() == []
    assert not bringup.kubeconfig.exists()
    check_nothing_is_left(far)


def test_the_connection_is_cut_in_the_second_phase_and_retried(
    bringup: Bringup, far: Sshd, tmp_path: Path
) -> None:
    context = tmp_path / "data-storage"
    shutil.copytree(manifests_folder() / "shared" / "data-storage", context)
    dockerfile = context / "Dockerfile"  # so that there is something to build, whatever the engine has cached
    dockerfile.write_text(
        dockerfile.read_text().replace("RUN apt-get", f"ENV FRESH={time.time()}\nRUN apt-get", 1)
    )
    with tmux(bringup.home) as terminal:
        argv = bringup.argv("up", *on(far), "--set", f"data_storage.context={context}")
        terminal.type(quoted(argv) + "; echo code $?")
        terminal.wait_for("✓ Kind cluster", _LONG)
        terminal.wait_for("Setting up", _LONG)  # in the image's build
        capture(terminal, "ssh-1-before")
        far.cut()
        terminal.wait_for("✗ Data Storage image", 30)  # the plan has the others retried by themselves
        screen = terminal.wait_for("was lost: it was cut")
        assert str(far.address) in screen
        capture(terminal, "ssh-2-cut")
        terminal.press("R")
        terminal.wait_for(_tried_again("Data Storage image"))
        terminal.wait_for(_tried_again("PostgreSQL + Redis"))
        capture(terminal, "ssh-3-retried")
        terminal.wait_for("✓ up in ", _LONG)
        capture(terminal, "ssh-4-up")
        terminal.press("q")
        terminal.wait_for("code 0")
    folder = next((bringup.home / ".local" / "state" / "bringup" / "runs").glob("2*"))
    events = list(read_events(folder))
    for task in ("tekton", "postgresql-redis", "data-storage-image"):
        assert attempts(events, task) == ["failed", "succeeded"]
    assert attempts(events, "kind-cluster") == ["succeeded"]
    if captures := os.environ.get("BRINGUP_CAPTURES"):
        shutil.copytree(folder, Path(captures, "ssh-run"), dirs_exist_ok=True)
    with open_tunnel(bringup):
        check_deployments(bringup)
        check_tables(bringup)
    check_nothing_is_left(far)


def _tried_again(title: str) -> Callable[[str], bool]:
    return lambda screen: re.search(rf"◐ {re.escape(title)} .*attempt 2", screen) is not None


def test_a_cluster_that_a_cut_leaves_half_made_is_made_anew(bringup: Bringup, far: Sshd) -> None:
    options = (*on(far), "--only", "kind-cluster")
    with bringup.start("up", *options) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Starting control-plane" in line:
                far.cut()
                break
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "was lost: it was cut" in output
    check_nothing_is_left(far)
    code, output = bringup("up", *options, "--resume")
    assert code == 0, output[-6000:]
    assert re.search(r"kind-cluster +│ ✓ 2 took .* made", output)  # its namespace


def test_ctrl_c_leaves_nothing_there(bringup: Bringup, far: Sshd) -> None:
    with bringup.start("up", *on(far), "--mode", "eager") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "Preparing nodes" in line:
                break
        time.sleep(2)  # its container is there, or about to be
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 130, output
    until = time.monotonic() + 20
    while bringup.containers() and time.monotonic() < until:
        time.sleep(0.5)  # the engine goes on with a removal that it was asked for
    assert bringup.containers() == []
    check_nothing_is_left(far)


def test_built_on_one_machine_and_run_on_another(
    bringup: Bringup,
    user: Client,
    far: Sshd,
    tmp_path: Path,
) -> None:
    context = tmp_path / "image"
    context.mkdir()
    (context / "Dockerfile").write_text("FROM scratch\nCOPY content /\n")
    (context / "content").write_bytes(os.urandom(5_000_000))
    with contextlib.ExitStack() as stack:
        podman = stack.enter_context(running_engine("podman"))
        variables = {"DOCKER_HOST": podman["DOCKER_HOST"]}
        builder = stack.enter_context(running(Sshd(tmp_path / "builder", [user.key], environment=variables)))
        user.knows(builder)
        plan = tmp_path / "plan.yaml"
        plan.write_text(yaml.safe_dump(_two_hosts(bringup, far, builder, context)))
        code, output = bringup.plan("up", plan)
        print(output)
        assert code == 0, output[-6000:]
        images = run("docker", "exec", f"{bringup.cluster}-control-plane", "crictl", "images")
        assert "bringup-e2e/streamed" in images
        assert "bringup-e2e/streamed" not in run("docker", "images")
        assert bringup.plan("down", plan)[0] == 0
        check_nothing_is_left(builder, far)


def _two_hosts(bringup: Bringup, far: Sshd, builder: Sshd, context: Path) -> dict[str, object]:
    tag = "bringup-e2e/streamed:1"
    build = {"kind": "image.build", "tag": tag, "context": str(context)}
    create = {"kind": "kind.create", "image": "kindest/node:v1.20.2"}
    tasks = [
        {"id": "cluster", "steps": [create]},
        {"id": "image", "host": "builder", "steps": [build]},
        {"id": "load", "needs": ["cluster", "image"], "steps": [{"kind": "kind.load", "images": [tag]}]},
    ]
    return {
        "apiVersion": "bringup/v1",
        "name": "two-hosts",
        "hosts": {"default": far.address.url, "builder": builder.address.url},
        "cluster": {"name": bringup.cluster, "kubeconfig": str(bringup.kubeconfig)},
        "phases": [{"id": "all", "tasks": tasks}],
        "down": [{"kind": "kind.delete"}],
    }
