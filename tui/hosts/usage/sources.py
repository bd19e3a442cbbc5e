"""Reads a machine's counters: here from its files, elsewhere by one small program that goes on."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tui.hosts.usage.counters import Reading, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tui.hosts.host import Host

EVERY = 1.0
"""Seconds between two readings."""

_MACHINE = tuple(f"/proc/{name}" for name in ("uptime", "stat", "meminfo", "loadavg", "diskstats"))
_DAEMONS = ("dockerd", "containerd", "buildkitd", "podman")

# Where container engines put their containers' control groups, by cgroup driver and product.
_GROUPS = (
    "docker/{}",
    "system.slice/docker-{}.scope",
    "machine.slice/libpod-{}.scope",
    "libpod_parent/libpod-{}",
    "user.slice/user-*.slice/user@*.service/user.slice/docker-{}.scope",
    "user.slice/user-*.slice/user@*.service/user.slice/libpod-{}.scope",
)
_ROOT = "/sys/fs/cgroup/"
_CPU = (*(f"cpuacct/{group}/cpuacct.usage" for group in _GROUPS), *(f"{group}/cpu.stat" for group in _GROUPS))
_REST = {
    "memory/": ("memory.usage_in_bytes", "memory.stat"),
    "blkio/": ("blkio.throttle.io_service_bytes_recursive",),
    "": ("memory.current", "memory.stat", "io.stat"),
}
_BUILDS = ("cpuacct/docker/buildkit/*/cpuacct.usage", "docker/buildkit/*/cpu.stat")
_SPLIT = "==> "  # how `tail` begins a file of several

# Which processes are engines' daemons, but for those inside of containers; not every machine has `pgrep`.
_CONTAINER = re.compile("[0-9a-f]{64}")
_FIND = f"""
for p in /proc/[0-9]*; do
  read -r c <$p/comm || continue
  case $c in {"|".join(_DAEMONS)}) grep -Eq "{_CONTAINER.pattern}" $p/cgroup || echo $p;; esac
done 2>/dev/null
true
"""


def patterns(nodes: Iterable[str], daemons: Iterable[str]) -> list[str]:
    """Return the files to read: the machine's own, all containers' CPU time, and the rest of some.

    Args:
        nodes: The ids of the containers of which all is read.
        daemons: The directories below `/proc` of processes to be read.
    """
    rest = (
        f"{_ROOT}{controller}{group.format(node)}/{name}"
        for node in nodes
        for controller, names in _REST.items()
        for name in names
        for group in _GROUPS
    )
    cpu = (_ROOT + each.format("*") for each in (*_CPU, *_BUILDS))
    return [*_MACHINE, *cpu, *rest, *(f"{daemon}/stat" for daemon in daemons)]


def find_daemons_here() -> list[str]:
    """Return the directories below `/proc` of the container engines' daemons on this machine. Blocks."""
    found = []
    for comm in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            if comm.read_text(errors="replace").strip() in _DAEMONS:
                contained = _CONTAINER.search(comm.with_name("cgroup").read_text(errors="replace"))
                found += [] if contained else [str(comm.parent)]
    return found


async def find_daemons(host: Host) -> list[str]:
    """Return the directories below `/proc` of the container engines' daemons on another host."""
    found: list[str] = []
    await host.run(("sh", "-c", _FIND), on_lines=found.extend)
    return found


def read_files(files: Iterable[str]) -> Reading | None:
    """Read this machine's counters; a file that is not there, or no longer, is left out. Blocks."""
    texts = {}
    for pattern in files:
        paths = Path("/").glob(pattern.removeprefix("/")) if "*" in pattern else (Path(pattern),)
        for path in paths:
            with contextlib.suppress(OSError):
                texts[str(path)] = path.read_text(errors="replace")
    return parse(texts)


async def watch(host: Host, files: Iterable[str], take: Callable[[Reading], None]) -> None:
    """Take another machine's counters every second, until this is cancelled or its program ends.

    Raises:
        BringupError: The host is lost or cannot be reached.
        OSError: It cannot run the program.
    """
    names = " ".join(files)  # nothing in them has to be quoted
    script = f"while :; do tail -n +1 {names} 2>/dev/null; echo; echo '{_SPLIT}end'; sleep {EVERY:g}; done"
    lines: list[str] = []

    def take_lines(more: list[str]) -> None:
        for line in more:
            if line == f"{_SPLIT}end":
                reading = parse(_split(lines))
                lines.clear()
                if reading is not None:
                    take(reading)
            else:
                lines.append(line)

    await host.run(("sh", "-c", script), on_lines=take_lines)


def _split(lines: Iterable[str]) -> dict[str, str]:
    """Return the texts of files as `tail` prints several, by their paths."""
    texts: dict[str, list[str]] = {}
    path = ""
    for line in lines:
        if line.startswith(_SPLIT) and line.endswith(" <=="):
            path = line.removeprefix(_SPLIT).removesuffix(" <==")
        else:
            texts.setdefault(path, []).append(line)
    return {path: "\n".join(text) for path, text in texts.items()}
