"""How long a real bring-up takes beside a shell script of the same work: `python -m tests.bench.kind`.

The script is `bring_up.sh`: the bundled plan's work by kind, kubectl and docker, in two orders, `parallel`
and `eager`, with the same images. Script and bringup run by turns, as a machine's speed changes within
minutes: the ratios of the medians are what to look at. A run's CPU seconds are the whole machine's, and its
load is the average before it: what is measured while the machine does something else is of little use.

Needs Docker, kind, kubectl, root's sshd for what goes over SSH, and what the end-to-end tests need: their
images, and the stand-in for Tekton, where `--release` and `--images` do not name a real one.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import asyncssh

from tests.contract.servers import Client, Sshd, running
from tests.e2e.conftest import HERE, NODE_IMAGE, STAND_IN, free_port
from tui.plan.bundled import manifests_folder
from tui.plan.load import load_plan
from tui.plan.substitute import fill_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME = "bringup-bench"
IMAGE = "bringup/data-storage:bench"
_BRINGUP = (sys.executable, "-m", "tui")
_PLAN = manifests_folder() / "workflowexecution"
_SHARED = manifests_folder() / "shared"
_SCRIPT = Path(__file__).parent / "bring_up.sh"
_PROBE = """\
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: bringup-probe, namespace: default}
spec:
  steps: [{name: nothing, image: busybox, command: ["true"]}]
"""
_SLOW = {
    "status": """\
- |
  kind: KubeletConfiguration
  nodeStatusUpdateFrequency: 10s
""",
    "calls": """\
- |
  kind: KubeletConfiguration
  kubeAPIQPS: 5
  kubeAPIBurst: 10
""",
    "controllers": """\
- |
  kind: ClusterConfiguration
  controllerManager:
    extraArgs:
      allocate-node-cidrs: "true"
""",
}
"""What a Kind configuration says that turns a lever off, by the lever."""


class Variant(NamedTuple):
    """One way of bringing the plan up.

    Attributes:
        options: Of `bringup up`, or of the script.
        script: Whether the script does.
        slow: The levers of the Kind configuration that are turned off.
        probes: Whether Tekton's release is applied with fast probes.
        ssh: Whether over SSH, to this machine.
        after: The phase after which a snapshot was taken that it starts from, or `all`; empty for none.
    """

    options: tuple[str, ...]
    script: bool = False
    slow: frozenset[str] = frozenset()
    probes: bool = False
    ssh: bool = False
    after: str = ""


_BARE = Variant(("--mode", "eager", "--no-prefetch"), slow=frozenset(_SLOW))
_EAGER = Variant(("--mode", "eager"))

VARIANTS: dict[str, Variant] = {
    "script-parallel": Variant(("parallel",), script=True),
    "script-eager": Variant(("eager",), script=True),
    "script-eager+no-wait": Variant(("eager", "no-wait"), script=True),
    "parallel": Variant(("--mode", "parallel")),
    "parallel+prefetch": Variant(("--mode", "parallel", "--prefetch")),
    "eager": _EAGER,
    "eager+ssh": _EAGER._replace(ssh=True),
    "restored": _EAGER._replace(after="all"),
    "restored+ssh": _EAGER._replace(after="all", ssh=True),
    "restored-infrastructure": _EAGER._replace(after="infrastructure"),
    "eager+probes": _EAGER._replace(probes=True),
    "bare": _BARE,
    "bare+prefetch": _BARE._replace(options=_EAGER.options),
    **{f"bare+{lever}": _BARE._replace(slow=_BARE.slow - {lever}) for lever in _SLOW},
    "bare+probes": _BARE._replace(probes=True),
    "sequential": Variant(("--mode", "sequential")),
}
"""What runs by turns. The first two are what the others are compared with; `bare` is eager without levers,
except that no bring-up of ours has `kind create --wait`."""


@dataclass
class Run:
    """One bring-up: its seconds, the machine's CPU seconds meanwhile, its load before, and its peak in MB."""

    seconds: float
    cpu: float
    load: float
    peak: float


@dataclass
class Bench:
    """Bring-ups of one plan with one set of images.

    Attributes:
        folder: A directory for files and homes.
        release: Tekton's release: a file.
        images: Its images, which the engine has.
        keep: Where the journal of bringup's fastest run is kept.
        host: How this machine is reached over SSH, if it is.
    """

    folder: Path
    release: Path
    images: tuple[str, ...]
    keep: Path | None = None
    host: str = ""
    runs: dict[str, list[Run]] = field(default_factory=dict)
    fastest: float = math.inf
    ports: dict[str, int] = field(default_factory=dict)

    def settings(self, port: int) -> list[str]:
        listed = ",".join(self.images)
        return [
            f"cluster={NAME}", f"kubeconfig={self.folder}/kubeconfig", f"node_image={NODE_IMAGE}",
            f"data_storage.host_port={port}", f"data_storage.image={IMAGE}", f"tekton.release={self.release}",
            f"tekton.images=[{listed}]", "postgres.image=postgres:15", "redis.image=redis:7",
        ]  # fmt: skip

    def argv(self, name: str, port: int) -> list[str]:
        """The command that brings the plan up in a variant."""
        variant = VARIANTS[name]
        if variant.script:
            self._fill_in(port)
            return [str(_SCRIPT), *variant.options]
        plan = self.folder / name
        if not plan.exists():
            shutil.copytree(_PLAN, plan)
            shutil.copytree(_SHARED, self.folder / "shared", dirs_exist_ok=True)
            if variant.slow:
                patches = "".join(_SLOW[lever] for lever in sorted(variant.slow))
                with (plan / "kind.yaml").open("a") as file:
                    file.write(f"kubeadmConfigPatches:\n{patches}")
            if variant.probes:
                text = (plan / "plan.yaml").read_text()
                release = "manifests: ${tekton.release}\n"
                assert release in text
                (plan / "plan.yaml").write_text(text.replace(release, f"{release}            probes: fast\n"))
        given = [part for setting in self.settings(port) for part in ("--set", setting)]
        argv = [*_BRINGUP, "up", str(plan / "plan.yaml"), *given]
        argv += ["--host", self.host] if variant.ssh else []
        argv += ["--from-snapshot", "auto" if variant.after else "never"]
        return [*argv, "--env", "kind", "--no-tui", *variant.options]

    def _fill_in(self, port: int) -> None:
        """Write the plan's files with their variables filled in, for the script."""
        files = self.folder / "files"
        shutil.rmtree(files, ignore_errors=True)
        shutil.copytree(_SHARED, files)
        shutil.copytree(_PLAN, files, dirs_exist_ok=True)
        variables = load_plan(_PLAN / "plan.yaml", (), self.settings(port)).plan.variables
        for name in ("kind", "postgresql", "redis", "data-storage"):
            file = files / f"{name}.yaml"
            file.write_text(fill_text(file.read_text(), variables, str(file)))
        shutil.copy(self.release, files / "release.yaml")
        (files / "probe.yaml").write_text(_PROBE)

    def measure(self, variant: str) -> Run:
        """Bring up in a variant, take down, and keep how long the first took."""
        port = self.ports.get(variant) or free_port()
        argv = self.argv(variant, port)
        home = self.folder / "home"
        (home / ".docker").mkdir(parents=True, exist_ok=True)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("XDG_")},
            "HOME": str(home), "FILES": str(self.folder / "files"), "KUBECONFIG": f"{self.folder}/kubeconfig",
            "NAME": NAME, "NODE_IMAGE": NODE_IMAGE, "IMAGE": IMAGE, "PORT": str(port),
            "TEKTON_IMAGES": " ".join(self.images), "DOCKER_BUILDKIT": "0",
        }  # fmt: skip
        if VARIANTS[variant].after and variant not in self.ports:
            self.ports[variant] = port  # what a snapshot holds must be the same
            self._take_snapshot(variant, argv, environment)
        load, cpu, begin = os.getloadavg()[0], _busy(), time.perf_counter()
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(argv, env=environment, stdout=output, stderr=output)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            run = Run(time.perf_counter() - begin, _busy() - cpu, load, used.ru_maxrss * 1024 / 1e6)
            _take_down()
            if process.returncode:
                output.seek(0)
                sys.exit(f"{variant} exited with {process.returncode}:\n{output.read()[-4000:]}")
        self.runs.setdefault(variant, []).append(run)
        if self.keep is not None and not VARIANTS[variant].script and run.seconds < self.fastest:
            self.fastest = run.seconds
            latest = max((home / ".local/state/bringup/runs").glob("*/events.jsonl")).parent
            shutil.rmtree(self.keep, ignore_errors=True)
            shutil.copytree(latest, self.keep)
        return run

    def _take_snapshot(self, name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        """Bring up as far as a variant's snapshot is to hold, and take it."""
        variant = VARIANTS[name]
        begin, end = argv.index("up"), argv.index("--from-snapshot")
        take = [*_BRINGUP, "snapshot", "take", *argv[begin + 1 : end]]
        if variant.after == "all":
            subprocess.run(argv, env=environment, check=True, capture_output=True)
        else:
            take += ["--after", variant.after]
        done = subprocess.run(take, env=environment, check=True, capture_output=True, text=True)
        print(f"{name}: {done.stdout[done.stdout.index('took snapshot') :].rstrip()}", flush=True)
        _take_down()

    def report(self) -> None:
        """Print what was measured of each variant, beside both orders of the script."""
        head = f"{'median':>7} {'range':>13} {'load':>5} {'CPU s':>6} {'CPU floor':>9} {'peak MB':>7}"
        print(f"\n{'':<23} {head}  × script parallel, eager")
        floors = [self.runs.get(name) for name in ("script-parallel", "script-eager")]
        for name, runs in self.runs.items():
            seconds = [run.seconds for run in runs]
            middle, cpu = statistics.median(seconds), statistics.median(run.cpu for run in runs)
            load = statistics.median(run.load for run in runs)
            ratios = [
                f"{middle / statistics.median(r.seconds for r in floor):.2f}" if floor else "–"
                for floor in floors
            ]
            spread = f"{min(seconds):.1f}–{max(seconds):.1f}"
            floor = cpu / (os.cpu_count() or 1)
            peak = max(run.peak for run in runs)
            figures = f"{middle:>7.1f} {spread:>13} {load:>5.1f} {cpu:>6.0f} {floor:>9.1f} {peak:>7.0f}"
            print(f"{name:<23} {figures}  {', '.join(ratios)}")


def _busy() -> float:
    """The seconds that this machine's cores have worked."""
    user, nice, system, _, _, irq, softirq, *_ = map(
        int, Path("/proc/stat").read_text().split("\n")[0].split()[1:]
    )
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _remove_snapshots() -> None:
    done = subprocess.run(
        (*_BRINGUP, "snapshot", "list", "--output", "json"), capture_output=True, check=True
    )
    kept = [each["id"] for each in json.loads(done.stdout) if each["cluster"] == NAME]
    if kept:
        subprocess.run((*_BRINGUP, "snapshot", "remove", *kept), capture_output=True, check=True)


def _take_down() -> None:
    subprocess.run(("kind", "delete", "cluster", "--name", NAME), capture_output=True, check=False)


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in VARIANTS]:
        raise argparse.ArgumentTypeError(f"there is no {unknown[0]!r}")
    return names


@contextlib.contextmanager
def _reached_over_ssh(folder: Path, home: Path) -> Iterator[str]:
    """This machine's address, for a user with that home."""
    user = Client(home, asyncssh.generate_private_key("ssh-ed25519"))
    with running(Sshd(folder, [user.key])) as server:
        user.knows(server)
        yield server.address.url


def main() -> None:
    """Measures by turns, and prints each run and then the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="How often each runs (%(default)s).")
    parser.add_argument("--only", type=_names, default=list(VARIANTS), metavar="NAME,…",
                        help=f"Some of: {', '.join(VARIANTS)}.")  # fmt: skip
    parser.add_argument("--release", type=Path, default=HERE / "tekton" / "release.yaml")
    parser.add_argument(
        "--images", nargs="+", default=[STAND_IN], help="The release's, which the engine has."
    )
    parser.add_argument("--keep", type=Path, help="Where to keep the journal of bringup's fastest run.")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bringup-bench-")))
        bench = Bench(folder, given.release.resolve(), tuple(given.images), given.keep)
        if any(VARIANTS[name].ssh for name in given.only):
            bench.host = stack.enter_context(_reached_over_ssh(folder / "far", folder / "home"))
        _take_down()
        base = "BASE_IMAGE=debian:bookworm-slim"
        build = ("docker", "build", "--quiet", "--tag", IMAGE, "--build-arg", base)
        # So that all builds find their layers.
        subprocess.run((*build, str(_SHARED / "data-storage")), check=True, capture_output=True)
        try:
            for number in range(given.rounds):
                for variant in given.only if number % 2 == 0 else reversed(given.only):
                    run = bench.measure(variant)
                    told = f"{run.seconds:6.1f} s  CPU {run.cpu:5.1f} s  load {run.load:.1f}"
                    print(f"{variant:<23} {told}  {run.peak:.0f} MB", flush=True)
        finally:  # also of a run that failed, or was interrupted
            _take_down()
            _remove_snapshots()
            bench.report()


if __name__ == "__main__":
    main()
