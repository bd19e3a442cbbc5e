"""The ways to what was brought up on another machine, kept open."""

from __future__ import annotations

import re
import signal
import sys
import urllib.request
from typing import TYPE_CHECKING

from tests.ssh.user import on, task, until

if TYPE_CHECKING:
    from tests.contract.servers import Sshd
    from tests.ssh.user import User
    from tests.ssh.web import Web

ANY = task("any", "true")


def test_there_is_none_without_a_run_over_ssh(user: User) -> None:
    user.plan(ANY)
    done = user.bringup("tunnel")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "error: no run over SSH, or with forwards, is kept\n  hint: `bringup up --host"
    )
    assert user.bringup("up").returncode == 0
    run = user.runs[-1].name
    assert user.bringup("tunnel").stderr == done.stderr
    done = user.bringup("tunnel", run)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "error: the run was on this machine\n  hint: its ports are open here already"
    )
    done = user.bringup("tunnel", "20010101-000000-ffff")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no such run" in done.stderr
    assert "hint: `bringup runs` lists the runs that are kept" in done.stderr


def test_there_is_none_to_a_plan_that_has_nothing_to_lead_to(user: User, far: Sshd) -> None:
    user.plan(ANY)
    assert user.bringup("up", *on(far)).returncode == 0
    done = user.bringup("tunnel")
    assert (done.returncode, done.stdout) == (2, "")
    assert "error: the plan has neither a cluster nor endpoints to lead to\n" in done.stderr


def test_a_machine_that_is_away_is_told(user: User, far: Sshd, web: Web) -> None:
    user.plan(ANY, endpoints=[{"name": "app", "url": web.url}])
    assert user.bringup("up", *on(far)).returncode == 0
    far.stop()
    done = user.bringup("tunnel")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"error: {far.address} cannot be used: it refuses the connection\n" in done.stderr


def test_endpoints_are_led_to_also_after_a_cut_until_ctrl_c(user: User, far: Sshd, web: Web) -> None:
    user.plan(ANY, endpoints=[{"name": "app", "url": web.url}])
    done = user.bringup("up", *on(far))
    run = user.runs[-1].name
    assert f"reach it    bringup tunnel {run}\n" in done.stdout
    with user.starting("tunnel", run) as running:
        running.heard("Ctrl-C closes them")
        assert f"the ports of far at {far.address} are open here:\n" in running.output
        found = re.search(r"app: (http://localhost:(\d+)/health)\n", running.output)
        assert found
        assert int(found[2]) != web.server_port  # which is taken: the other machine is this one
        assert _ask(found[1]) == "all is well"
        far.cut()
        until(lambda: _ask(found[1]) == "all is well", "led to again")
        running.process.send_signal(signal.SIGINT)
        assert running.ended() == 0
        assert running.errors == ""


def test_a_program_is_given_the_ports_as_they_are_here(user: User, far: Sshd, web: Web) -> None:
    port = web.server_port  # which is taken here: the other machine is this one
    user.plan(ANY, environment={"URL": f"http://localhost:{port}/health", "WORD": "x:80"})
    assert user.bringup("up", *on(far)).returncode == 0
    program = 'import os, urllib.request as r; u = os.environ["URL"]; print(u, r.urlopen(u).read().decode())'
    done = user.program("run", "--", sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    found = re.fullmatch(r"http://localhost:(\d+)/health all is well\n", done.stdout)
    assert found
    assert int(found[1]) != port
    assert user.bringup("env").stdout == f"export URL=http://localhost:{port}/health\nexport WORD=x:80\n"
    far.stop()
    done = user.program("run", "--", "true")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"error: {far.address} cannot be used" in done.stderr


def _ask(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:  # it is on its way
        return ""
