"""The container engine and the programs that a plan's steps run: are they there, and recent enough."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tui.cluster.programs import PROGRAMS
from tui.doctor.finding import Finding
from tui.doctor.rules import GIB, judge_disk
from tui.errors import ActionError, NotReadyError
from tui.hosts.host import at
from tui.text import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.hosts.machine import Machine

OLDEST_API = "1.40"
"""Of the container engine: Docker 19.03's. Older ones are not maintained, nor tried with bringup."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The container engine's information on itself, asked for once.

    Attributes:
        engine: The engine.
        machine: The machine that it was found on.
        info: Its `/info`.
    """

    engine: ContainerEngine
    machine: Machine
    info: Mapping[str, Any]

    @property
    def is_here(self) -> bool:
        """Whether the engine runs on its machine's own kernel, not in a virtual machine or elsewhere."""
        return self.info.get("KernelVersion") == self.machine.release


async def ask_engine(host: Host) -> Facts:
    """Find a host's container engine and ask it.

    Raises:
        NotReadyError: None answers, or it is too old to understand what it is asked.
    """
    engine = await host.engine()
    if _parts(engine.api_version) < _parts(OLDEST_API):
        product = f"{engine.flavour.capitalize()} {engine.version}{at(host)}"
        cause = f"{product} is too old: its API is {engine.api_version}, {OLDEST_API} is needed"
        raise NotReadyError(cause, "upgrade it")
    from tui.clients.engine_api import connect

    async with connect(engine) as api:
        return Facts(engine, await host.machine(), await api.info())


def judge_engine(engine: ContainerEngine) -> Finding:
    """Say which engine was found, and how."""
    product = f"{engine.flavour.capitalize()} {engine.version} (API {engine.api_version})"
    text = f"{product} at {engine.environment['DOCKER_HOST']}"  # `url` may be a forward to it
    return Finding("container engine", "ok", f"{text}, found by {engine.found}")


async def examine_provider(host: Host, engine: ContainerEngine | None, name: str, needed: bool) -> Finding:
    """Ask what makes clusters for its version, and the engine's command where it calls that.

    Args:
        host: The host.
        engine: Its container engine, if that is known.
        name: The provider's name.
        needed: Whether the plan has steps that need it.
    """
    program = engine.flavour if engine else "docker"
    env = engine.environment if engine else None
    said: dict[str, str | None] = {}
    try:
        said[name] = await _first_line(host, (name, "version"), env)
        if PROGRAMS[name].calls_engine:
            said[program] = await _first_line(host, (program, "--version"), env)
    except RuntimeError as error:
        hint = f"install the one for this machine's system and processor: {PROGRAMS[name].home}"
        return Finding(name, "fault" if needed else "warning", str(error), hint)
    return judge_provider(name, said, needed=needed, where=at(host))


def judge_provider(name: str, said: Mapping[str, str | None], *, needed: bool, where: str = "") -> Finding:
    """Judge whether what makes clusters is there, with the engine's command where it calls that.

    Args:
        name: The provider's name.
        said: What each program says of its version; None where it is missing.
        needed: Whether the plan has steps that need it.
        where: Appended to what is missing.
    """
    provider = PROGRAMS[name]
    missing = [program for program, line in said.items() if line is None]
    if missing and not needed:
        return Finding(name, "ok", f"{' and '.join(missing)} not found, which the plan does not need")
    if missing:
        text = "; ".join(f"the `{program}` command is not installed{where}" for program in missing)
        hints = [
            f"install {name}: {provider.install}"
            if program == name
            else f"install {program.capitalize()}'s command line, which {name} calls"
            for program in missing
        ]
        return Finding(name, "fault", text, "; ".join(hints))
    if needed and (version := _too_old(said[name] or "", provider.oldest)):
        text = f"{name} {version}{where} is too old: {provider.oldest} is needed"
        return Finding(name, "fault", text, f"upgrade it: {provider.home}")
    through = f", through {name}'s Podman provider" if "podman" in said else ""
    others = [line for program, line in said.items() if program != name]
    return Finding(name, "ok", "; ".join(filter(None, (f"{said[name]}{through}", *others))))


async def examine_kubectl(host: Host) -> Finding:
    """Say whether `kubectl` is there, for people: bringup speaks to the API server itself."""
    line = await _first_line(host, ("kubectl", "version", "--client"))
    return Finding("kubectl", "ok", f"{'not found' if line is None else 'found'}; bringup does not need it")


async def examine_disk(host: Host, facts: Facts) -> Finding:
    """Say how much room the engine's data directory has, or at least how much the images take."""
    root, program = str(facts.info.get("DockerRootDir") or ""), facts.engine.flavour
    if facts.is_here and root:
        lines: list[str] = []
        # Another user's directory may not be looked at: then only what the engine says is left.
        if await host.run(("df", "-Pk", root), on_lines=lines.extend) == 0:
            found = judge_disk(int(lines[-1].split()[3]) << 10, root, program)
            return replace(found, text=f"{found.text}{await _snapshots(facts)}")
    from tui.clients.engine_api import connect

    async with connect(facts.engine) as api:
        used = await api.images_size()
    text = f"images take {used / GIB:.1f} GiB; free room at the engine's {root or 'disk'} cannot be seen"
    text += await _snapshots(facts)
    return Finding("disk", "ok", text, f"`{program} system df` shows what takes room")


async def _snapshots(facts: Facts) -> str:
    """Return what snapshots take, to be added to what is said of the disk; empty if there are none."""
    from tui.clients.engine_api import connect
    from tui.cluster.snapshots.snapshot import list_snapshots

    try:
        async with connect(facts.engine) as api:
            found = await list_snapshots(api)
    except ActionError:
        return ""
    size = sum(each.whole for each in found) / GIB
    return f"; {plural(len(found), 'snapshot')} with up to {size:.1f} GiB of it" if found else ""


async def _first_line(host: Host, argv: Sequence[str], env: Mapping[str, str] | None = None) -> str | None:
    """Return the first line that a program prints; None where there is no such program.

    Raises:
        RuntimeError: It failed; with its last line.
    """
    lines: list[str] = []
    try:
        status = await host.run(argv, on_lines=lines.extend, env=env)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RuntimeError(f"the `{argv[0]}` command{at(host)} cannot be run: {error.strerror}") from error
    if status != 0:
        last = lines[-1] if lines else f"status {status}"
        raise RuntimeError(f"`{' '.join(argv)}`{at(host)} failed: {last}")
    return lines[0] if lines else ""


def _too_old(said: str, oldest: str) -> str:
    """Return the version of a program that is too old; empty where it is not, or does not say."""
    found = re.search(r"\bv(\d+\.\d+[\d.]*)", said)
    return found[1] if found and _parts(found[1]) < _parts(oldest) else ""


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
