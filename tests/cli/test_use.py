"""`bringup env` and `bringup run`, as their user meets them."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.commands import BRINGUP, bringup
from tests.plan.writing import MARK, faults_of, load, marked, one_task, write

PLAN = """
apiVersion: bringup/v1
name: used
variables: {token: "s3cr3t $t'ken", port: 8080, flag: true}
secrets: [token]
environment:
  API_URL: "http://127.0.0.1:${port}"
  TOKEN: ${token}
  FLAG: ${flag}
phases:
  - id: one
    tasks:
      - id: first
        steps:
          - {kind: command, shell: 'test "$API_URL $FLAG" = "http://127.0.0.1:8080 true"'}
          - {kind: command, env: {FLAG: mine}, shell: 'test "$FLAG" = mine'}
down: [{kind: command, shell: "true"}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bringup.yaml").write_text(PLAN)
    return tmp_path


def test_without_a_run_that_stands_there_are_no_variables(folder: Path) -> None:
    done = bringup(folder, "env")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: plan 'used' has not been run yet\n  hint: run `bringup up` first\n"
    assert bringup(folder, "up").returncode == 0
    assert bringup(folder, "down").returncode == 0
    for done in bringup(folder, "env"), bringup(folder, "run", "--", "true"):
        assert (done.returncode, done.stdout) == (2, "")
        assert "was taken down since, by run" in done.stderr


def test_variables_are_those_of_the_latest_run(folder: Path) -> None:
    assert bringup(folder, "up", "--set", "port=8080").returncode == 0
    done = bringup(folder, "env")
    assert done.returncode == 0
    assert done.stdout == (
        "export API_URL=http://127.0.0.1:8080\nexport TOKEN='s3cr3t $t'\"'\"'ken'\nexport FLAG=true\n"
    )
    assert done.stderr == ""
    done = bringup(folder, "env", "--shell", "dotenv")
    assert (done.returncode, done.stdout) == (2, "")
    assert "hint: use --shell json" in done.stderr
    assert "s3cr3t" not in bringup(folder, "plan", "show").stdout


def test_a_cluster_without_kubeconfig_is_told(folder: Path) -> None:
    assert bringup(folder, "up").returncode == 0
    (folder / "bringup.yaml").write_text(PLAN + "cluster: {name: c, kubeconfig: none}\n")
    done = bringup(folder, "env")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: cluster 'c' has no kubeconfig {folder / 'none'}\n" in done.stderr


KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: production
clusters:
- {name: kind-c, cluster: {server: "https://127.0.0.1:1"}}
- {name: production, cluster: {server: "https://production.example"}}
contexts:
- {name: kind-c, context: {cluster: kind-c, user: kind-c}}
- {name: production, context: {cluster: production, user: production}}
users: [{name: kind-c, user: {token: t}}]
"""


def test_a_shared_kubeconfig_never_leads_elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM_KUBECONTEXT", "production")
    assert bringup(folder, "up").returncode == 0
    (folder / "bringup.yaml").write_text(PLAN + "cluster: {name: c, kubeconfig: shared}\n")
    (folder / "shared").write_text(KUBECONFIG)
    done = bringup(folder, "env")
    assert done.returncode == 0
    assert "warning: nothing answers at 127.0.0.1:1, where the kubeconfig leads: " in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "export HELM_KUBECONTEXT=''"
    name, _, value = lines[1].partition("=")
    assert name == "export KUBECONFIG"
    first, _, second = value.partition(":")
    assert second == str(folder / "shared")
    assert Path(first).read_text() == '{"current-context": "kind-c"}'


def test_of_several_clusters_one_goes_first_and_the_others_follow(folder: Path) -> None:
    assert bringup(folder, "up").returncode == 0
    clusters = ", ".join(f"{name}: {{name: {name}, kubeconfig: {name}}}" for name in ("c", "d"))
    (folder / "bringup.yaml").write_text(f"{PLAN}clusters: {{{clusters}}}\n")
    for name in ("c", "d"):
        text = KUBECONFIG.replace("kind-c", f"kind-{name}").replace(
            "current-context: production", f"current-context: kind-{name}"
        )
        (folder / name).write_text(text)
    for options, value in ((), f"{folder}/c:{folder}/d"), (("--cluster", "d"), f"{folder}/d:{folder}/c"):
        assert f"export KUBECONFIG={value}\n" in bringup(folder, "env", *options).stdout
    done = bringup(folder, "env", "--cluster", "e")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: --cluster: the plan has no cluster 'e'\n  hint: known here: c, d\n"
    (folder / "d").unlink()  # it may be made later
    assert f"export KUBECONFIG={folder}/c:{folder}/d\n" in bringup(folder, "env").stdout


def _start(folder: Path, *arguments: str, **how: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*BRINGUP, "run", "--", *arguments], cwd=folder, **how)  # type: ignore[call-overload,no-any-return]


def test_a_program_has_variables_input_output_and_its_exit_code(folder: Path) -> None:
    assert bringup(folder, "up").returncode == 0
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with _start(folder, "sh", "-c", 'cat; echo "$TOKEN"; exit 7', stdin=subprocess.PIPE, **piped) as process:
        output, errors = process.communicate(b"input\n", timeout=20)
    assert (process.returncode, output) == (7, b"input\ns3cr3t $t'ken\n")
    assert "✗ sh -c" in errors.decode()
    assert "exited with status 7" in errors.decode()


def test_a_signal_goes_to_the_program(folder: Path) -> None:
    assert bringup(folder, "up").returncode == 0
    piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    script = "trap 'echo ended; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with _start(folder, "sh", "-c", script, start_new_session=True, **piped) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)
    assert (process.returncode, output) == (5, b"ended\n")


def test_keys_reach_the_program_once(folder: Path) -> None:
    assert bringup(folder, "up").returncode == 0
    script = "trap 'echo heard' INT; echo ready; while :; do sleep 0.05; done"
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.chdir(folder)
        os.execv(BRINGUP[0], [*BRINGUP, "run", "--", "sh", "-c", script])
    shown = b""
    while b"ready" not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    while b"heard" not in shown:
        shown += os.read(terminal, 1000)
    time.sleep(0.2)
    os.kill(child, signal.SIGTERM)
    with_end = b""
    try:
        while chunk := os.read(terminal, 1000):
            with_end += chunk
    except OSError:  # the terminal is closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 128 + signal.SIGTERM
    assert b"\nheard" not in with_end


def test_a_program_that_is_not_there_is_told(folder: Path) -> None:
    assert bringup(folder, "up").returncode == 0
    done = bringup(folder, "run", "--", "no-such-program")
    assert (done.returncode, done.stdout) == (127, "")
    assert done.stderr.startswith("error: there is no program no-such-program\n")
    (folder / "data").write_text("x")
    assert bringup(folder, "run", "--", str(folder / "data")).returncode == 126
    done = bringup(folder, "run", "make")
    assert done.returncode == 2
    assert "name a program after `--`" in done.stderr


def test_names_and_a_kubeconfig_that_cannot_be_are_told_with_their_place(tmp_path: Path) -> None:
    text = one_task("", f"environment: {{a-b: {MARK}x}}\n")
    [fault] = faults_of(write(tmp_path, text))
    assert fault.place == marked(text, fault.place.file)[0]
    assert fault.cause == "a-b: 'a-b' cannot be the name of a shell's variable"
    cluster = "cluster: {name: c, kubeconfig: k}\n"
    [fault] = faults_of(write(tmp_path, one_task("", f"{cluster}environment: {{KUBECONFIG: x}}\n")))
    assert fault.cause == "KUBECONFIG leads to the plan's cluster by itself"
    loaded = load(tmp_path, one_task("", "environment: {KUBECONFIG: x, N: 1}\n"))
    assert loaded.plan.environment == {"KUBECONFIG": "x", "N": "1"}
