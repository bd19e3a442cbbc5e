"""The container engine, and the commands that speak to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tui.doctor.finding import Finding
from tui.doctor.machine import GIB, judge_disk
from tui.doctor.versions import OLDEST_KIND, aged_kind, recent_engine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.hosts.machine import Machine

LABEL = "io.x-k8s.kind.cluster"
"""Under which Kind writes on a node's container whose node it is."""

_INSTALL = {
    "kind": "install it: https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
    "docker": "install Docker's command line: kind calls it",
    "podman": "install Podman's command line: kind calls it",
}


@dataclass(frozen=True, slots=True)
class Container:
    """A container of the engine.

    Attributes:
        name: Its name.
        state: `running`, `exited`, ….
        cluster: Of which Kind cluster it is a node; empty if of none.
        ports: The TCP addresses and ports of the host that it publishes.
    """

    name: str
    state: str = "running"
    cluster: str = ""
    ports: tuple[tuple[str, int], ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return self.state == "running"


def read_container(listed: Mapping[str, Any]) -> Container:
    """A container, from what the engine's list says of it."""
    ports = (
        (str(each.get("IP") or ""), int(each["PublicPort"]))
        for each in listed.get("Ports") or ()
        if each.get("PublicPort") and each.get("Type") == "tcp"
    )
    name = str((listed.get("Names") or ["?"])[0]).removeprefix("/")
    cluster = str((listed.get("Labels") or {}).get(LABEL, ""))
    return Container(name, str(listed.get("State")), cluster, tuple(ports))


@dataclass(frozen=True, slots=True)
class Facts:
    """What the container engine says of itself, asked once for all checks.

    Attributes:
        engine: The engine.
        machine: The machine that it was found on.
        info: Its `/info`.
        containers: Its containers, running or not.
    """

    engine: ContainerEngine
    machine: Machine
    info: Mapping[str, Any]
    containers: tuple[Container, ...]

    @property
    def is_here(self) -> bool:
        """Whether the engine runs on its machine's own kernel, not in a virtual machine or elsewhere."""
        return self.info.get("KernelVersion") == self.machine.release


async def ask_engine(host: Host) -> Facts:
    """Finds the container engine and asks it.

    Raises:
        NotReadyError: None answers that is recent enough.
    """
    engine = await recent_engine(host)
    async with engine.client() as docker:
        info = await docker.system.info()
        listed = await docker._query_json("containers/json", params={"all": "true"})
    return Facts(engine, await host.machine(), info, tuple(map(read_container, listed)))


def judge_engine(engine: ContainerEngine) -> Finding:
    """Which engine was found, and how."""
    product = f"{engine.flavour.capitalize()} {engine.version} (API {engine.api_version})"
    text = f"{product} at {engine.environment['DOCKER_HOST']}"  # `url` may be a way to it
    return Finding("container engine", "ok", f"{text}, found by {engine.found}")


async def first_line(host: Host, argv: Sequence[str], env: Mapping[str, str] | None = None) -> str | None:
    """The first line that a program says of itself; None where there is no such program.

    Raises:
        RuntimeError: It failed; with its last line.
    """
    lines: list[str] = []
    try:
        status = await host.run(argv, on_lines=lines.extend, env=env)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RuntimeError(f"`{argv[0]}` cannot be run: {error.strerror}") from error
    if status != 0:
        raise RuntimeError(f"`{' '.join(argv)}` failed: {lines[-1] if lines else f'status {status}'}")
    return lines[0] if lines else ""


def judge_kind(kind: str | None, program: str, said: str | None, needed: bool) -> Finding:
    """Whether `kind` and the engine's command, which it calls, are there.

    Args:
        kind: What `kind version` says, None where it is missing.
        program: The engine's command: `docker` or `podman`.
        said: What it says of its version, None where it is missing.
        needed: Whether the plan has steps of kind's.
    """
    missing = [name for name, line in (("kind", kind), (program, said)) if line is None]
    if missing and not needed:
        return Finding("kind", "ok", f"{' and '.join(missing)} not found, which the plan does not need")
    if missing:
        hint = "; ".join(_INSTALL[name] for name in missing)
        return Finding("kind", "fault", f"{' and '.join(missing)} not found on PATH", hint)
    if needed and (version := aged_kind(kind or "")):
        return Finding("kind", "fault", f"kind {version} is too old: {OLDEST_KIND} is wanted", "upgrade it")
    provider = ", through kind's Podman provider" if program == "podman" else ""
    return Finding("kind", "ok", f"{kind}{provider}; {said}")


async def examine_kind(host: Host, engine: ContainerEngine | None, needed: bool) -> Finding:
    """Asks `kind` and the command that it calls for their versions."""
    program = engine.flavour if engine else "docker"
    env = engine.environment if engine else None
    try:
        kind = await first_line(host, ("kind", "version"), env)
        said = await first_line(host, (program, "--version"), env)
    except RuntimeError as error:
        return Finding("kind", "fault" if needed else "warning", str(error), _INSTALL["kind"])
    return judge_kind(kind, program, said, needed)


async def examine_kubectl(host: Host) -> Finding:
    """Whether `kubectl` is there, for people: bringup speaks to the API server itself."""
    line = await first_line(host, ("kubectl", "version", "--client"))
    found = "not found" if line is None else "found"
    return Finding("kubectl", "ok", f"{found}; bringup does not need it")


async def examine_disk(host: Host, facts: Facts) -> Finding:
    """How much room the engine's data folder has, or at least how much the images take."""
    root, program = str(facts.info.get("DockerRootDir") or ""), facts.engine.flavour
    if facts.is_here and root:
        lines: list[str] = []
        # Another user's folder may not be looked at: then only what the engine says is left.
        if await host.run(("df", "-Pk", root), on_lines=lines.extend) == 0:
            return judge_disk(int(lines[-1].split()[3]) << 10, root, program)
    async with facts.engine.client() as docker:
        used = (await docker._query_json("system/df")).get("LayersSize") or 0
    text = f"images take {used / GIB:.1f} GiB; free room at the engine's {root or 'disk'} cannot be seen"
    return Finding("disk", "ok", text, f"`{program} system df` shows what takes room")
