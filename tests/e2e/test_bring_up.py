"""The bundled plan brought up on a real cluster, looked at from outside with other tools, and taken down."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import run
from tui.plan.bundled import manifests_folder

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Bringup

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TASKS = (
    "kind-cluster", "tekton", "postgresql-redis", "data-storage-image",
    "deploy-data-storage", "migrations", "namespace-and-secrets",
)  # fmt: skip
PASSWORD = "slm_password"
TOKEN = "s3cr3t-p4ssw0rd"


def check_namespaces_and_crds(bringup: Bringup) -> None:
    names = bringup.kubectl("get", "namespaces", "-o", "name").split()
    for name in ("kubernaut-system", "kubernaut-workflows", "tekton-pipelines"):
        assert f"namespace/{name}" in names
    crds = bringup.kubectl("get", "crds", "-o", "name")
    for name in ("tasks", "pipelines", "taskruns", "pipelineruns"):
        assert f"/{name}.tekton.dev" in crds


def check_deployments(bringup: Bringup) -> None:
    found = json.loads(bringup.kubectl("get", "deployments", "-A", "-o", "json"))["items"]
    ready = {item["metadata"]["name"]: item["status"].get("readyReplicas", 0) for item in found}
    for name in (
        "tekton-pipelines-controller",
        "tekton-pipelines-webhook",
        "postgresql",
        "redis",
        "datastorage",
    ):
        assert ready[name] == 1, ready


def check_tables(bringup: Bringup) -> None:
    tables = "select tablename from pg_tables where schemaname = 'public'"
    query = f"{tables}; select max(version_id) from goose_db_version"
    psql = ("psql", "-h", "127.0.0.1", "-U", "slm_user", "-d", "action_history", "-At", "-c", query)
    pod = ("exec", "-n", "kubernaut-system", "deployment/postgresql", "--", "env", f"PGPASSWORD={PASSWORD}")
    printed = bringup.kubectl(*pod, *psql).split()
    for expected in ("audit_events", "remediation_workflow_catalog", "goose_db_version", "5"):
        assert expected in printed


def check_audit_event(bringup: Bringup) -> None:
    url = f"http://127.0.0.1:{bringup.port}/api/v1/audit/events"
    event = {
        "event_type": "workflow.started",
        "event_category": "workflow",
        "event_action": "start",
        "event_outcome": "success",
        "correlation_id": "e2e-1",
    }
    header = "content-type: application/json"
    run("curl", "--silent", "--fail", "--max-time", "10", "-H", header, "-d", json.dumps(event), url)
    read = run("curl", "--silent", "--fail", "--max-time", "10", f"{url}?correlation_id=e2e-1")
    assert "workflow.started" in read


def check_pull_secret(bringup: Bringup) -> None:
    secret = bringup.kubectl(
        "get", "secret", "quay-pull-secret", "-n", "kubernaut-workflows", "-o", "jsonpath={.type}"
    )
    assert secret == "kubernetes.io/dockerconfigjson"
    for namespace, account in (
        ("kubernaut-workflows", "default"),
        ("tekton-pipelines-resolvers", "tekton-pipelines-resolvers"),
    ):
        path = "jsonpath={.imagePullSecrets[*].name}"
        assert "quay-pull-secret" in bringup.kubectl("get", "sa", account, "-n", namespace, "-o", path)


def check_webhook(bringup: Bringup) -> None:
    """A Task that no real Tekton would take is refused by the webhook itself."""
    bad = '{"apiVersion":"tekton.dev/v1","kind":"Task","metadata":{"name":"bad"},"spec":{}}'
    script = f"echo '{bad}' | kubectl --kubeconfig {bringup.kubeconfig} create -f - 2>&1 || true"
    assert "denied the request" in run("sh", "-c", script)


def check_no_secret_is_written(bringup: Bringup, output: str) -> None:
    state = bringup.home / ".local" / "state" / "bringup"
    written = output + "".join(p.read_text(errors="replace") for p in state.rglob("*") if p.is_file())
    for secret in (PASSWORD, TOKEN, "dGVzdGVyOnMzY3IzdC1wNHNzdzByZA", "c2xtX3Bhc3N3b3Jk"):
        assert secret not in written


def check_everything(bringup: Bringup, output: str) -> None:
    """All that a plan's first run leads to is there, and it said so."""
    check_namespaces_and_crds(bringup)
    check_deployments(bringup)
    check_tables(bringup)
    check_audit_event(bringup)
    check_pull_secret(bringup)
    check_webhook(bringup)
    check_no_secret_is_written(bringup, output)
    assert bringup.kubeconfig.stat().st_mode & 0o777 == 0o600
    for line in output.splitlines():
        assert re.match(r" *\d+:\d\d \S+ +│ ", line) or "✓" not in line or line.startswith((" ", "✓")), line
    assert f"http://127.0.0.1:{bringup.port}" in output


@pytest.mark.parametrize("mode", ["parallel", "sequential"])  # eager is the next test's
def test_everything_is_there_and_then_nothing(bringup: Bringup, mode: str) -> None:
    code, output = bringup("up", "--env", "kind", "--mode", mode)
    assert code == 0, output[-6000:]
    check_everything(bringup, output)
    if mode == "parallel":
        check_second_run(bringup)
    code, output = bringup("down")
    assert code == 0, output
    assert bringup.containers() == []
    assert not bringup.kubeconfig.exists()
    code, output = bringup("down")
    assert code == 0
    assert "unchanged: there is no cluster" in output


def check_second_run(bringup: Bringup) -> None:
    """A second run finds all done; `status` says so too."""
    code, output = bringup("up", "--env", "kind", "--output", "json")
    events = [json.loads(line) for line in output.splitlines()]
    assert code == 0
    done = {(ev["task"], ev["step"]): ev["changed"] for ev in events if ev["type"] == "step-finished"}
    changed = {step for step, changed in done.items() if changed}
    # An URL is asked, and a webhook probed, anew each time: nothing of theirs stays.
    assert {task for task, _ in changed} <= {"deploy-data-storage", "tekton"}, changed
    assert events[-1]["type"] == "run-finished"
    assert bringup("status")[0] == 0


def test_a_stopped_environment_is_started_again_and_runs_what_was_built_anew(
    bringup: Bringup, tmp_path: Path
) -> None:
    context = tmp_path / "data-storage"
    shutil.copytree(manifests_folder() / "shared" / "data-storage", context)
    own = (
        "--set",
        f"data_storage.context={context}",
        "--set",
        "data_storage.image=bringup-e2e/data-storage:1",
    )
    code, output = bringup("up", "--env", "kind", "--mode", "eager", *own)
    assert code == 0, output[-6000:]
    assert len(re.findall(r"✓ \d took .* ahead of its place · loaded", output)) == 3
    assert "could not be streamed" not in output
    check_everything(bringup, output)
    pods = ("get", "pods", "-n", "kubernaut-system", "-l", "app.kubernetes.io/name=datastorage", "-o", "name")
    before = bringup.kubectl(*pods)

    code, output = bringup("down", "--stop", *own)
    assert code == 0, output
    state = run("docker", "inspect", "--format", "{{.State.Status}}", *bringup.containers())
    assert state.split() == ["exited"]
    code, output = bringup("up", "--env", "kind", "--mode", "eager", *own)
    assert code == 0, output[-6000:]
    assert "started cluster bringup-e2e again" in output
    check_tables(bringup)
    check_audit_event(bringup)
    assert bringup.kubectl(*pods) == before

    (context / "datastorage" / "added.py").write_text("# another image by the same name\n")
    code, output = bringup("up", "--env", "kind", *own)
    assert code == 0, output[-6000:]
    check_audit_event(bringup)
    assert bringup.kubectl(*pods) != before
    assert bringup("down", *own)[0] == 0
    run("docker", "rmi", "--force", "bringup-e2e/data-storage:1")


def test_a_failure_is_told_and_resumed(bringup: Bringup) -> None:
    missing = ("--set", "redis.image=redis:is-not-there")
    code, output = bringup("up", "--env", "kind", "--mode", "eager", *missing)
    assert code == 1
    assert "redis:is-not-there" in output
    report = output[output.rindex("is not up") :]
    assert "PostgreSQL + Redis" in report
    assert "hint:" in report
    assert "--resume" in report
    run_id = re.findall(r"--resume (\S+)", report)[0]
    # The image appears, and only what is left is run.
    run("docker", "tag", "redis:7", "redis:is-not-there")
    try:
        code, output = bringup("up", "--resume", run_id, *missing)
    finally:
        run("docker", "rmi", "redis:is-not-there")
    assert code == 0, output[-6000:]
    assert re.search(r"kind-cluster +│ ✓ done by run", output)
    check_deployments(bringup)
    assert bringup("down")[0] == 0
    code, output = bringup("up", "--resume", run_id, *missing)
    assert code == 2
    assert "is gone" in output


def test_ctrl_c_drains_and_leaves_nothing_running(bringup: Bringup) -> None:
    with bringup.start("up", "--env", "kind", "--mode", "eager") as process:
        assert process.stdout is not None
        seen = []
        for line in process.stdout:
            seen.append(line)
            if "Preparing nodes" in line:
                break
        time.sleep(2)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
        code = process.wait(timeout=60)
    assert code == 130, rest
    assert time.monotonic() - begin < 15
    assert "was cancelled" in rest
    deadline = time.monotonic() + 20
    while bringup.containers() and time.monotonic() < deadline:
        time.sleep(0.5)  # the engine goes on with a removal that it was asked for
    assert bringup.containers() == []
    assert run("sh", "-c", "pgrep -f '[k]ind create cluster --name bringup-e2e' || true") == ""
