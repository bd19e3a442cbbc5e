"""The pytest plugin, in suites of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from subprocess import CompletedProcess
from typing import TYPE_CHECKING

import pytest

from tests.commands import bringup
from tests.test_import_hygiene import loaded_by

if TYPE_CHECKING:
    from pathlib import Path

TESTS = """
import pytest

@pytest.mark.parametrize("i", range(3))
def test_it(bringup, i):
    assert bringup.endpoints == {"web": "http://127.0.0.1:8080/"}
    assert bringup.kubeconfig is None
    assert bringup.log("service") == "listening\\n"
    assert bringup.log("other") == ""
    assert i < LIMIT
"""


def suite(
    folder: Path, shell: str = "echo up >> count; echo listening", limit: int = 3, port: int = 8080
) -> None:
    """Three tests that need an environment, and its plan; `count` tells what was done to it."""
    steps = [{"kind": "command", "shell": shell}]
    plan = {
        "apiVersion": "bringup/v1", "name": "shared",
        "endpoints": [{"name": "web", "url": f"http://127.0.0.1:{port}/"}],
        "phases": [{"id": "one", "tasks": [{"id": "service", "steps": steps}]}],
        "down": [{"kind": "command", "shell": "echo down >> count"}],
    }  # fmt: skip
    (folder / "bringup.yaml").write_text(json.dumps(plan))
    (folder / "test_it.py").write_text(TESTS.replace("LIMIT", str(limit)).replace("8080", str(port)))


def run_suite(folder: Path, *arguments: str, **variables: str) -> CompletedProcess[str]:
    """Runs the suite, or those of its tests that are named, with the plugin alone."""
    plugins = ("-p", "tui.pytest_plugin", "-p", "no:cacheprovider")
    named = () if any("::" in each for each in arguments) else ("test_it.py",)
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *arguments, *named],
        capture_output=True, text=True, cwd=folder, check=False, timeout=50,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **variables},
    )  # fmt: skip


def done_to_it(folder: Path) -> list[str]:
    return (folder / "count").read_text().split()


def test_workers_share_one_environment_whose_report_is_with_what_failed(tmp_path: Path) -> None:
    suite(tmp_path, limit=2)
    done = run_suite(tmp_path, "-p", "xdist", "-n", "2")
    assert "1 failed, 2 passed" in done.stdout
    assert done.stdout.count("- bringup -") == 1
    assert done.stdout.count("✓ shared is up") == 1
    assert done_to_it(tmp_path) == ["up", "down"]


def test_an_environment_that_does_not_come_up_is_tried_once(tmp_path: Path) -> None:
    suite(tmp_path, shell="echo up >> count; echo no luck; exit 3")
    done = run_suite(tmp_path)
    assert "3 errors" in done.stdout
    assert "✗ shared is not up" in done.stdout
    assert "no luck" in done.stdout
    assert done_to_it(tmp_path)[0] == "up"
    assert done_to_it(tmp_path).count("up") == 1


@pytest.mark.programs
@pytest.mark.parametrize("workers", [("-p", "no:xdist"), ("-p", "xdist", "-n", "2")])
def test_what_ctrl_c_cuts_short_is_taken_down(tmp_path: Path, workers: tuple[str, ...]) -> None:
    suite(tmp_path, shell="echo up >> count; echo listening; sleep 60")
    argv = [sys.executable, "-m", "pytest", "-p", "tui.pytest_plugin", "-p", "no:cacheprovider", *workers]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with subprocess.Popen(
        argv, cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=env, start_new_session=True
    ) as program:
        deadline = time.monotonic() + 30
        while not (tmp_path / "count").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(program.pid, signal.SIGINT)
        said, _ = program.communicate(timeout=30)
    assert program.returncode == 2
    assert re.search(r"bringup: taking run \S+ down", said)
    assert done_to_it(tmp_path) == ["up", "down"]


IN_USE = """
import os, subprocess

def test_it(bringup):
    assert os.environ["GREETING"] == "good day"
    assert os.environ["KUBECONFIG"] == "elsewhere"
    assert subprocess.check_output("echo $GREETING", shell=True, text=True) == "good day\\n"

def test_before():
    assert "GREETING" not in os.environ
"""


@pytest.mark.programs
def test_values_are_given_and_the_plans_environment_is_set_from_the_first_use_on(tmp_path: Path) -> None:
    suite(tmp_path)
    plan = json.loads((tmp_path / "bringup.yaml").read_text())
    own = {"variables": {"word": "hello"}, "environment": {"GREETING": "good ${word}"}}
    (tmp_path / "bringup.yaml").write_text(json.dumps({**plan, **own}))
    (tmp_path / "values.yaml").write_text("word: day\n")
    (tmp_path / "test_it.py").write_text(IN_USE)
    cases = ("test_it.py::test_before", "test_it.py::test_it")
    done = run_suite(tmp_path, "--bringup-values", "values.yaml", *cases, KUBECONFIG="elsewhere")
    assert "2 passed" in done.stdout, done.stdout
    assert done_to_it(tmp_path) == ["up", "down"]


@pytest.mark.programs
def test_a_plan_that_is_wrong_is_told(tmp_path: Path) -> None:
    suite(tmp_path)
    done = run_suite(tmp_path, "--bringup-plan", "gone.yaml")
    assert "3 errors" in done.stdout
    assert "gone.yaml" in done.stdout


@pytest.mark.programs
def test_what_was_left_up_is_adopted_and_left_up(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        suite(tmp_path, port=server.server_port)
        none = run_suite(tmp_path, "--bringup-adopt")
        assert "nothing whole is up to adopt" in none.stdout
        kept = run_suite(tmp_path, "--bringup-keep")
        assert "was left up; `bringup down " in kept.stdout
        done = run_suite(tmp_path, "--bringup-adopt")
        server.shutdown()
        thread.join()
    assert done.returncode == 0, done.stdout
    assert done_to_it(tmp_path) == ["up"]


def test_a_suite_that_does_not_use_it_pays_nothing(tmp_path: Path) -> None:
    loaded = loaded_by("tui.pytest_plugin")
    assert not loaded & {"click", "pydantic", "yaml", "textual", "orjson"}
    (tmp_path / "test_it.py").write_text("def test_it(): pass\n")
    assert run_suite(tmp_path).returncode == 0
    assert not (tmp_path / "state").exists()


def test_the_last_line_of_json_tells_what_can_be_used(tmp_path: Path) -> None:
    suite(tmp_path)
    done = bringup(tmp_path, "up", "--output", "json")
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["type"] == "run-finished"
    assert last["outcome"] == "succeeded"
    assert last["endpoints"] == [{"name": "web", "url": "http://127.0.0.1:8080/"}]
    assert last["kubeconfig"] is None
    assert bringup(tmp_path, "down", last["run"]).returncode == 0


@pytest.mark.e2e
def test_four_workers_share_a_real_cluster(tmp_path: Path) -> None:
    """Three tests on four workers; each asks the same cluster for its nodes."""
    (tmp_path / "bringup.yaml").write_text(
        json.dumps(
            {
                "apiVersion": "bringup/v1",
                "name": "shared",
                "cluster": {"name": "t-export-pytest", "kubeconfig": str(tmp_path / "kubeconfig")},
                "phases": [
                    {
                        "id": "one",
                        "tasks": [
                            {
                                "id": "cluster",
                                "steps": [{"kind": "kind.create", "image": "kindest/node:v1.20.2"}],
                            }
                        ],
                    }
                ],
                "down": [{"kind": "kind.delete"}],
            }
        )
    )
    (tmp_path / "test_it.py").write_text(
        "import subprocess\nimport pytest\n\n"
        '@pytest.mark.parametrize("i", range(3))\n'
        "def test_it(bringup, i):\n"
        '    argv = ["kubectl", "--kubeconfig", str(bringup.kubeconfig), "get", "nodes", "-o", "name"]\n'
        '    assert subprocess.check_output(argv, text=True) == "node/t-export-pytest-control-plane\\n"\n'
    )
    done = run_suite(tmp_path, "-p", "xdist", "-n", "4", "-v")
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
    left = subprocess.check_output(["docker", "ps", "-aq", "--filter", "name=t-export-pytest"], text=True)
    assert left == ""
