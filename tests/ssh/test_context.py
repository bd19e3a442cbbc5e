"""A cluster that stands is one of the far user's: by their kubeconfig and programs, through a forward."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.ssh.user import on, task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.servers import Sshd
    from tests.ssh.user import User
    from tests.ssh.web import Web

pytestmark = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    return tmp_path / "far kubeconfig"


@pytest.fixture
def far(machine: Callable[..., Sshd], kubeconfig: Path) -> Sshd:
    return machine("far", "LogLevel DEBUG", KUBECONFIG=str(kubeconfig))


def write(kubeconfig: Path, server: str, context: str = "kind-there") -> None:
    """Writes the far user's kubeconfig; a program of that machine logs in."""
    credential = {"kind": "ExecCredential", "status": {"token": "of-$PLACE"}}
    say = json.dumps(credential).replace('"', '\\"')
    login: dict[str, Any] = {"command": "sh", "args": ["-c", f'echo "{say}"'], "interactiveMode": "Never"}
    login["apiVersion"] = "client.authentication.k8s.io/v1"
    content = {
        "contexts": [{"name": context, "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"exec": login}}],
    }
    kubeconfig.write_text(json.dumps(content))


def test_it_is_reached_by_the_far_users_context(user: User, far: Sshd, web: Web, kubeconfig: Path) -> None:
    write(kubeconfig, f"http://localhost:{web.server_port}")
    web.text = b"ok"
    look = "kubectl config view --minify -o jsonpath='{.current-context} {.users[0].user.exec.command}'"
    user.plan(
        {"id": "cluster", "steps": [{"kind": "kind.create"}]},
        task("look", look, needs=["cluster"]),
        cluster={"context": "kind-there"},
    )
    done = user.bringup("up", *on(far))
    assert done.returncode == 0, done.stdout
    assert "the cluster of context kind-there is ready" in done.stdout
    assert "kind-there sh" in done.stdout  # commands there have the same kubeconfig, and log in by themselves
    assert {*web.logins} == {"Bearer of-far"}
    assert web.way in far.log
    done = user.bringup("status")
    assert done.returncode == 0, done.stdout
    assert "of-far" not in done.stdout


def test_one_that_may_be_production_is_refused(user: User, far: Sshd, web: Web, kubeconfig: Path) -> None:
    write(kubeconfig, f"http://localhost:{web.server_port}", "prod")
    web.text = b"ok"
    user.plan({"id": "cluster", "steps": [{"kind": "kind.create"}]}, cluster={"context": "prod"})
    done = user.bringup("up", *on(far))
    assert done.returncode == 3
    assert "hint: if it is one, allow it once: bringup up --allow-context prod" in done.stderr
    assert web.asked == 0
    assert user.bringup("up", *on(far), "--allow-context", "prod").returncode == 0
    assert user.bringup("up", *on(far)).returncode == 0
    assert user.bringup("contexts").stdout.startswith("prod at ")
