"""URLs are asked as they are seen from the machine that the task runs on."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from tests.ssh.user import on, task, until
from tests.ssh.web import certified, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.contract.servers import Sshd
    from tests.ssh.user import User
    from tests.ssh.web import Web


@pytest.fixture
def far(machine: Callable[..., Sshd]) -> Sshd:
    return machine("far", "LogLevel DEBUG")


def check(url: str, **more: Any) -> dict[str, Any]:
    return {
        "id": more.pop("id", "ask"),
        "steps": [{"kind": "http.check", "url": url, "interval": "20ms", **more}],
    }


def test_it_is_asked_through_the_machine(user: User, far: Sshd, web: Web) -> None:
    user.plan(check(web.url, contains="is well"), endpoints=[{"name": "app", "url": web.url}])
    done = user.bringup("up", *on(far))
    assert done.returncode == 0, done.stdout
    assert web.asked == 1
    assert (ways := far.log.count(web.way)) > 0
    assert f"endpoint    app: {web.url} at {far.address}" in done.stdout
    done = user.bringup("status")
    assert done.returncode == 0, done.stdout
    assert f"✓ app  {web.url} answers (200)" in done.stdout
    assert web.asked == 2
    assert far.log.count(web.way) > ways
    ways = far.log.count(web.way)
    done = user.bringup("up", "--host", "local")
    assert done.returncode == 0, done.stdout
    assert (far.log.count(web.way), web.asked) == (ways, 3)


def test_a_redirection_leads_on_from_the_machine_also_to_tls(
    user: User, far: Sshd, web: Web, tmp_path: Path
) -> None:
    secure, certificate = certified(tmp_path)
    with serving(secure) as goal:
        web.status, web.leads_to = 302, goal.url
        user.plan(check(web.url, contains="is well", timeout="5s"), check(web.url, status=302, id="as-it-is"))
        done = user.program("up", *on(far), SSL_CERT_FILE=str(certificate))
        assert done.returncode == 0, done.stdout
        assert (web.asked, goal.asked) == (2, 1)
        assert goal.way in far.log
        user.plan(check(goal.url, timeout="1s"))
        done = user.program("up", *on(far))
    assert done.returncode == 1
    assert "hint: its certificate is not trusted here, or it speaks no TLS" in done.stdout


def test_what_does_not_answer_is_told_in_words_of_that_machine(user: User, far: Sshd) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # it does not listen
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        user.plan(check(url, timeout="0.2s"), endpoints=[{"name": "app", "url": url}])
        done = user.bringup("up", *on(far))
        asked = user.bringup("status")
        data = user.bringup("status", "--output", "json")
    assert done.returncode == 1
    assert f"last: nothing answers there, at {far.address}" in done.stdout
    assert f"hint: does anything listen at that port of {far.address}?" in done.stdout
    assert asked.returncode == 1
    assert f"✗ app  {url} does not answer: nothing answers there, at {far.address}" in asked.stdout
    assert [each["host"] for each in json.loads(data.stdout)["stands"]] == [str(far.address)]


def test_a_cut_does_not_end_a_check(user: User, far: Sshd, web: Web) -> None:
    """It asks until its deadline, and the way is opened anew meanwhile."""
    web.status = 503
    user.plan(check(web.url, timeout="20s"), task("near", "true", host="local"))
    with user.starting("up", *on(far)) as running:
        until(lambda: web.asked > 1, "asked")
        far.cut()
        web.status = 200
        assert running.ended() == 0, running.output
    assert "│ ✓ ask succeeded" in running.output
