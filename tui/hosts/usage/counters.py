"""The counters of a machine with Linux, from the texts of its files; see `sources` for which these are.

Counters only grow: what was used in a while is the difference of two readings.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

TICKS = 100
"""Parts of a second in which Linux tells processes' CPU time to all architectures that containers run on."""

Key = TypeVar("Key")

_MIB = 1 << 20
_PAGES = 256  # of memory, in a MiB
_SECTOR = 512  # bytes, whatever the disk's own sectors are
_DISK = re.compile(r"(?:[svh]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)")
_ID = re.compile("[0-9a-f]{64}")
_BUILDS = "/buildkit/"
"""What the path of the container has in which an engine with BuildKit builds."""


class Counters(NamedTuple):
    """What processes have used.

    Attributes:
        cpu: CPU seconds so far.
        memory: MiB that they hold now, without what is only cached files.
        read: MB that they have read from disks so far.
        written: MB that they have written to disks so far.
    """

    cpu: float = 0.0
    memory: float = 0.0
    read: float = 0.0
    written: float = 0.0

    def plus(self, other: Counters) -> Counters:
        """Return the sum of two."""
        return Counters(*(one + two for one, two in zip(self, other, strict=True)))


_NOTHING = Counters()


@dataclass(frozen=True, slots=True)
class Reading:
    """A machine's counters at one moment.

    Attributes:
        at: The machine's own time in seconds; only differences mean something.
        cores: How many cores it has.
        memory: MiB of memory that it has.
        load: Its load average over one minute.
        machine: All that runs there.
        containers: Each container's, by its id.
        builds: Each container's in which BuildKit builds, by its path.
        daemons: The daemons of container engines, by process number.
    """

    at: float
    cores: int
    memory: float
    load: float
    machine: Counters
    containers: Mapping[str, Counters] = field(default_factory=dict)
    builds: Mapping[str, Counters] = field(default_factory=dict)
    daemons: Mapping[int, Counters] = field(default_factory=dict)


def parse(texts: Mapping[str, str]) -> Reading | None:
    """Return the reading that some files hold, by their paths; None if the machine's own are not whole."""
    try:
        cpu = texts["/proc/stat"].splitlines()
        ticks = [int(number) for number in cpu[0].split()[1:9]]
        idle = ticks[3] + ticks[4]
        memory = dict(_pairs(texts["/proc/meminfo"].replace(":", "")))
        total = memory["MemTotal"] / 1024
        read, written = _disks(texts.get("/proc/diskstats", ""))
        containers, builds = _containers(texts)
        return Reading(
            at=float(texts["/proc/uptime"].split()[0]),
            cores=sum(line.startswith("cpu") for line in cpu) - 1,
            memory=total,
            load=float(texts["/proc/loadavg"].split()[0]),
            machine=Counters(
                (sum(ticks) - idle) / TICKS, total - memory["MemAvailable"] / 1024, read, written
            ),
            containers=containers,
            builds=builds,
            daemons=_processes(texts),
        )
    except (KeyError, IndexError, ValueError):
        return None


def process_counters(stat: str) -> tuple[Counters, int]:
    """Return what a process and the children that it waited for have used, and its session.

    Args:
        stat: The text of its `/proc/PID/stat`.

    Raises:
        ValueError: It is no such text.
    """
    fields = stat.rpartition(")")[2].split()
    if len(fields) < 22:
        raise ValueError("a process's state is not whole")
    ticks = sum(int(number) for number in fields[11:15])
    return Counters(ticks / TICKS, int(fields[21]) / _PAGES), int(fields[3])


def _processes(texts: Mapping[str, str]) -> dict[int, Counters]:
    found = {}
    for path, text in texts.items():
        number = path.removeprefix("/proc/").removesuffix("/stat")
        if number.isdecimal():
            with contextlib.suppress(ValueError):
                found[int(number)] = process_counters(text)[0]
    return found


def _disks(text: str) -> tuple[float, float]:
    """Return the MB that were read from and written to all disks."""
    rows = [line.split() for line in text.splitlines()]
    disks = [row for row in rows if len(row) > 9 and _DISK.fullmatch(row[2])]
    return tuple(sum(int(row[at]) for row in disks) * _SECTOR / 1e6 for at in (5, 9))  # type: ignore[return-value]


def _containers(texts: Mapping[str, str]) -> tuple[dict[str, Counters], dict[str, Counters]]:
    """Return each container's counters, and those of builds."""
    found: dict[str, Counters] = {}
    builds: dict[str, Counters] = {}
    for path, text in texts.items():
        name = path.rpartition("/")[2]
        if not path.startswith("/sys/fs/cgroup/") or name not in _FILES:
            continue
        with contextlib.suppress(ValueError, KeyError, IndexError):
            counters = _FILES[name](text)
            if ids := _ID.findall(path):
                found[ids[0]] = found.get(ids[0], Counters()).plus(counters)
            elif _BUILDS in path:
                builds[path] = counters
    return found, builds


def _pairs(text: str) -> list[tuple[str, int]]:
    return [(words[0], int(words[1])) for line in text.splitlines() if len(words := line.split()) > 1]


def _moved(text: str) -> Counters:
    """Return the bytes of cgroup v1's `blkio.throttle.io_service_bytes`: `254:0 Read 4096`."""
    rows = [line.split() for line in text.splitlines()]
    read, written = (sum(int(row[2]) for row in rows if row[1:2] == [way]) for way in ("Read", "Write"))
    return Counters(read=read / 1e6, written=written / 1e6)


def _moved_2(text: str) -> Counters:
    """Return the bytes of cgroup v2's `io.stat`: `254:0 rbytes=4096 wbytes=0 …`."""
    words = [word.partition("=") for word in text.split()]
    read, written = (sum(int(v) for key, _, v in words if key == way) for way in ("rbytes", "wbytes"))
    return Counters(read=read / 1e6, written=written / 1e6)


_FILES = {
    "cpuacct.usage": lambda text: Counters(cpu=int(text) / 1e9),
    "cpu.stat": lambda text: Counters(cpu=dict(_pairs(text))["usage_usec"] / 1e6),
    "memory.usage_in_bytes": lambda text: Counters(memory=int(text) / _MIB),
    "memory.current": lambda text: Counters(memory=int(text) / _MIB),
    "memory.stat": lambda text: Counters(memory=-_cached(dict(_pairs(text))) / _MIB),
    "blkio.throttle.io_service_bytes_recursive": _moved,
    "io.stat": _moved_2,
}
"""What the files of a control group tell, by their names."""


def _cached(memory: Mapping[str, int]) -> int:
    """Return the bytes that a group's processes would not miss."""
    return memory.get("total_inactive_file", memory.get("inactive_file", 0))


def grown(before: Mapping[Key, Counters], after: Mapping[Key, Counters]) -> Counters:
    """Return what some containers or processes have used between two readings, and the memory they hold.

    One that has come meanwhile counts whole; what one that has gone used since then is not known.
    """
    total = Counters()
    for key, now in after.items():
        then = before.get(key, _NOTHING)
        used = (max(a - b, 0.0) for a, b in zip(now, then, strict=True))
        total = total.plus(Counters(*used)._replace(memory=max(now.memory, 0.0)))
    return total
