"""The container engine and the programs that a plan's steps run: are they there, and recent enough."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.doctor.finding import Finding
from tui.doctor.rules import GIB, judge_disk
from tui.errors import NotReadyError
from tui.hosts.host import at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.hosts.machine import Machine

OLDEST_API = "1.40"
"""Of the container engine: Docker 19.03's. Older ones are not maintained, nor tried with bringup."""

OLDEST_KIND = "0.8"
"""The first whose clusters outlive a restart of the engine, by its release notes; bringup adopts them."""

_INSTALL = {
    "kind": "install kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
    "docker": "install Docker's command line, which kind calls",
    "podman": "install Podman's command line, which kind calls",
}
_REINSTALL = "install the one for this machine's system and processor: https://kind.sigs.k8s.io"


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


async def examine_kind(host: Host, engine: ContainerEngine | None, needed: bool) -> Finding:
    """Ask `kind` and the engine's command, which it calls, for their versions."""
    program = engine.flavour if engine else "docker"
    env = engine.environment if engine else None
    try:
        kind = await _first_line(host, ("kind", "version"), env)
        said = await _first_line(host, (program, "--version"), env)
    except RuntimeError as error:
        return Finding("kind", "fault" if needed else "warning", str(error), _REINSTALL)
    return judge_kind(kind, program, said, needed=needed, where=at(host))


def judge_kind(kind: str | None, program: str, said: str | None, *, needed: bool, where: str = "") -> Finding:
    """Judge whether `kind` and the engine's command are there.

    Args:
        kind: What `kind version` says; None where it is missing.
        program: The engine's command: `docker` or `podman`.
        said: What it says of its version; None where it is missing.
        needed: Whether the plan has steps of kind's.
        where: Appended to what is missing.
    """
    missing = [name for name, line in (("kind", kind), (program, said)) if line is None]
    if missing and not needed:
        return Finding("kind", "ok", f"{' and '.join(missing)} not found, which the plan does not need")
    if missing:
        text = "; ".join(f"the `{name}` command is not installed{where}" for name in missing)
        return Finding("kind", "fault", text, "; ".join(_INSTALL[name] for name in missing))
    if needed and (version := _old_kind(kind or "")):
        text = f"kind {version}{where} is too old: {OLDEST_KIND} is needed"
        return Finding("kind", "fault", text, "upgrade it: https://kind.sigs.k8s.io")
    provider = ", through kind's Podman provider" if program == "podman" else ""
    return Finding("kind", "ok", f"{kind}{provider}; {said}")


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
            return judge_disk(int(lines[-1].split()[3]) << 10, root, program)
    from tui.clients.engine_api import connect

    async with connect(facts.engine) as api:
        used = await api.images_size()
    text = f"images take {used / GIB:.1f} GiB; free room at the engine's {root or 'disk'} cannot be seen"
    return Finding("disk", "ok", text, f"`{program} system df` shows what takes room")


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


def _old_kind(said: str) -> str:
    """Return the version of a `kind` that is too old; empty where it is not, or does not say."""
    found = re.search(r"\bv(\d+\.\d+[\d.]*)", said)
    return found[1] if found and _parts(found[1]) < _parts(OLDEST_KIND) else ""


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
