"""A plugin of pytest: the fixture `bringup` brings an environment up once for all tests and workers.

It is imported by every pytest where bringup is installed, and imports nothing of bringup until it is used.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_PLACE = pytest.StashKey[Path]()
"""The directory in which the processes of a session tell each other of the environment; made when used."""

_ENDED = pytest.StashKey[str]()
_WORKER = "bringup_place"

_TELL_VARIABLES = """
import json, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)  # of Ctrl-C the session makes what it wants
print(json.dumps(dict(os.environ)), flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Environment:
    """What was brought up.

    Attributes:
        run: The run's id.
        kubeconfig: The cluster's kubeconfig file; None where there is none, as of a rehearsal.
        endpoints: The URLs of the plan's endpoints, by name.
        directory: Where the run is kept.
    """

    run: str
    kubeconfig: Path | None
    endpoints: Mapping[str, str]
    directory: Path

    def log(self, task: str) -> str:
        """Return what a task printed, a line each, secrets masked; empty if it printed nothing."""
        from tui.run.journal import read_log

        return "".join(f"{said.text}\n" for said in read_log(self.directory, task))

    @cached_property
    def report(self) -> str:
        """The run's report: bars, what failed, what there is now."""
        return _report(self.directory)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("bringup", "an environment for tests")
    group.addoption(
        "--bringup-plan", metavar="PLAN", help="The plan of the fixture `bringup`: as `bringup up` takes it."
    )
    group.addoption(
        "--bringup-values", metavar="FILE", action="append", default=[], help="Variables of it, from a file."
    )
    group.addoption("--bringup-keep", action="store_true", help="Leave it up when the tests have ended.")
    group.addoption(
        "--bringup-adopt",
        action="store_true",
        help="Use what is up already, and leave it up; bring nothing up.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Name the place that all processes of the session share."""
    given = getattr(config, "workerinput", {}).get(_WORKER)
    name = f"bringup-pytest-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    config.stash[_PLACE] = Path(given) if given else Path(tempfile.gettempdir()) / name


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where that is."""
    node.workerinput[_WORKER] = str(node.config.stash[_PLACE])


@pytest.fixture(scope="session")
def bringup(pytestconfig: pytest.Config) -> Iterator[Environment]:
    """The environment, brought up by the first process that asks; the others wait for it and use it too.

    From then on KUBECONFIG and the plan's `environment` are set and its forwards are open, as they are for a
    program of `bringup run`.
    """
    place = pytestconfig.stash[_PLACE]
    with _turn(place):
        file = place / "told.json"
        told = json.loads(file.read_text(encoding="utf-8")) if file.exists() else _told(pytestconfig, file)
        file.write_text(json.dumps(told), encoding="utf-8")
    if told["error"]:
        pytest.fail(f"bringup: {told['error']}", pytrace=False)
    endpoints = {each["name"]: each["url"] for each in told["endpoints"]}
    with _in_use(told) as variables, pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        kubeconfig = _kubeconfig(told["kubeconfig"], variables)
        yield Environment(told["run"], kubeconfig, endpoints, Path(told["directory"]))


@contextlib.contextmanager
def _in_use(told: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Hold open the ways to what was brought up, and yield the variables by which it is used.

    `bringup run` does so for as long as its program runs, which ends when nobody is there to read for.
    """
    if told["rehearsed"]:
        yield {}
        return
    argv = [sys.executable, "-m", "tui", "run", told["run"], "--", sys.executable, "-c", _TELL_VARIABLES]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as err,
        subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=err, text=True
        ) as program,
    ):
        assert program.stdin is not None
        assert program.stdout is not None
        if not (line := program.stdout.readline()):
            program.wait()
            err.seek(0)
            pytest.fail(f"bringup: run {told['run']} cannot be used: {err.read().strip()}", pytrace=False)
        if not (told["far"] or told["forwards"]):  # nothing is to be held
            program.stdin.close()
        try:
            yield {name: value for name, value in json.loads(line).items() if os.environ.get(name) != value}
        finally:
            program.stdin.close()


def _kubeconfig(written: str | None, variables: Mapping[str, str]) -> Path | None:
    """Return the kubeconfig file: that of the variables leads to another machine, too."""
    led = variables.get("KUBECONFIG", "")
    file = led if led and os.pathsep not in led else written
    return Path(file) if file else None


@contextlib.contextmanager
def _turn(place: Path) -> Iterator[None]:
    """Keep the session's other processes waiting meanwhile."""
    place.mkdir(mode=0o700, exist_ok=True)
    with (place / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _told(config: pytest.Config, file: Path) -> dict[str, Any]:
    """Bring it up, or look at what is up; return what is to be told of it.

    Args:
        config: The session's.
        file: Where the others will read that; until it is up, what is known of it.
    """
    adopt = config.getoption("--bringup-adopt")
    plan = config.getoption("--bringup-plan")
    arguments = [*([plan] if plan else []), "--output", "json"]
    for values in config.getoption("--bringup-values"):
        arguments += ["--values", values]
    _say(config, f"bringup: {'looking at' if adopt else 'bringing up'} {plan or 'the default plan'}")
    return _adopted(arguments) if adopt else _brought_up(arguments, file)


def _adopted(arguments: Sequence[str]) -> dict[str, Any]:
    done = _bringup("status", *arguments)
    if done.returncode and not done.stdout.startswith("{"):
        return {"error": _said(done)}
    found = json.loads(done.stdout)
    run = found["run"]
    if done.returncode or run is None:
        faults = [each["text"] for each in found["stands"] if each.get("level") == "fault"]
        hint = "leave --bringup-adopt out, or run `bringup up` first"
        return {"error": "\n".join(["nothing whole is up to adopt", *faults, f"hint: {hint}"])}
    return {**run, **_kept(run["run"]), "error": "", "mine": False, "rehearsed": False}


def _brought_up(arguments: Sequence[str], file: Path) -> dict[str, Any]:
    def begun(line: str) -> None:
        """Note the run at once: what there is of it goes down also where Ctrl-C ends the session now."""
        first = json.loads(line)
        if first.get("run"):
            rehearsed = first["environment"] == "rehearsal"
            known = {
                "run": first["run"],
                "mine": first["can_go_down"] and not rehearsed,
                "rehearsed": rehearsed,
                "error": "bringing it up was interrupted",
            }
            file.write_text(json.dumps(known), encoding="utf-8")

    done = _bringup("up", *arguments, begun=begun)
    if not file.exists():
        return {"error": _said(done)}
    known = json.loads(file.read_text(encoding="utf-8"))
    kept = _kept(known["run"])
    last = json.loads(done.stdout.splitlines()[-1])
    return {
        **known,
        **kept,
        "kubeconfig": last.get("kubeconfig"),
        "endpoints": last.get("endpoints", []),
        "forwards": last.get("forwards", []),
        "error": _report(Path(kept["directory"])) if done.returncode else "",
    }


def _kept(run: str) -> dict[str, Any]:
    """Return where a run is kept, and whether it is on another machine."""
    from tui.run.store import Store

    kept = Store().open(run)
    return {"directory": str(kept.directory), "far": bool(kept.started.hosts)}


def _bringup(
    *arguments: str, begun: Callable[[str], None] = lambda _: None
) -> subprocess.CompletedProcess[str]:
    """Run bringup to its end; Ctrl-C reaches it too, and it is let tidy up.

    Args:
        arguments: Its command and options.
        begun: Called with the first line that it prints.
    """
    argv = [sys.executable, "-m", "tui", *arguments]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as err:
        with subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=err, text=True
        ) as program:
            assert program.stdout is not None
            try:
                if out := program.stdout.readline():
                    begun(out)
                out += program.stdout.read()
            except KeyboardInterrupt:
                program.stdout.read()
                raise
        err.seek(0)
        return subprocess.CompletedProcess(argv, program.returncode, out, err.read())


def _said(done: subprocess.CompletedProcess[str]) -> str:
    """Return why a command did not succeed: the report of its run, if it had one, or what it said."""
    if done.stdout.startswith("{") and (run := json.loads(done.stdout.partition("\n")[0]).get("run")):
        return _report(Path(_kept(run)["directory"]))
    return done.stderr.strip() or f"`bringup {' '.join(done.args[3:])}` exited with {done.returncode}"


def _report(directory: Path) -> str:
    from tui.console.report import report
    from tui.console.style import Style
    from tui.run.journal import read_state
    from tui.run.standing import Stands

    return "\n".join(report(read_state(directory), Stands(journal=str(directory)), Style(False))).strip("\n")


def _say(config: pytest.Config, text: str) -> None:
    """Print a line at once where there is a terminal to print on; workers have none."""
    reporter = config.pluginmanager.getplugin("terminalreporter")
    capture = config.pluginmanager.getplugin("capturemanager")
    if reporter is not None and capture is not None and not hasattr(config, "workerinput"):
        with capture.global_and_fixture_disabled():
            reporter.ensure_newline()
            if config.get_terminal_writer().width_of_current_line:  # that knows of files alone
                reporter.line("")
            reporter.write_line(text)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Add the environment's report to that of a test which failed with it."""
    told = yield
    environment = getattr(item, "funcargs", {}).get("bringup")
    if told.failed and isinstance(environment, Environment):
        told.sections.append(("bringup", environment.report))
    return told


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Take down what this session brought up, once all its workers have ended."""
    place = session.config.stash[_PLACE]
    if hasattr(session.config, "workerinput") or not place.exists():
        return
    file = place / "told.json"
    told = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    shutil.rmtree(place, ignore_errors=True)
    if not told.get("mine"):
        return
    run = told["run"]
    if session.config.getoption("--bringup-keep"):
        session.config.stash[_ENDED] = f"bringup: run {run} was left up; `bringup down {run}` takes it down"
        return
    _say(session.config, f"bringup: taking run {run} down")
    done = _bringup("down", run, "--output", "json")
    if done.returncode:
        error = f"bringup: run {run} is not wholly down: {_said(done)}\nhint: run `bringup down {run}`"
        session.config.stash[_ENDED] = error


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what was left up."""
    if text := config.stash.get(_ENDED, ""):
        terminalreporter.write_line(text)
