"""Finding the container engine of a machine over SSH, and forwarding its socket."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tui.errors import NotReadyError
from tui.hosts.container_engine import Candidate, SilentError, ask
from tui.hosts.local_engine import places
from tui.hosts.ssh import remote_shell
from tui.hosts.ssh.facts import read_sockets
from tui.hosts.ssh.forwards import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.hosts.container_engine import ContainerEngine
    from tui.hosts.host import Host
    from tui.hosts.ssh.connection import Connection

_UNIX = "unix://"
_RIGHTS = "let that user use the engine there: `sudo usermod -aG docker USER`, then log in again"
_START = "start Docker or Podman there, or install one"
_RUNS = (
    "does it run there, and does sshd_config there allow AllowStreamLocalForwarding and AllowTcpForwarding?"
)


async def find_engine(host: Host, connection: Connection) -> ContainerEngine:
    """Find the container engine that answers there: the one that its user has chosen, else a usual one.

    Args:
        host: The machine.
        connection: The connection to it.

    Raises:
        NotReadyError: None answers; the details list what was tried.
    """
    facts = await connection.facts()
    variables = facts.machine.variables
    if facts.engine:
        found = "DOCKER_HOST" if variables.get("DOCKER_HOST") else "the docker command"
        candidates = [Candidate(facts.engine, found)]
    else:
        candidates = places(variables, Path(facts.machine.home))
    silent: dict[Candidate, SilentError] = {}
    # The facts list sockets that were there at first; another may have come since.
    for at_first in (True, False):
        sockets = facts.sockets if at_first else await _look(host, candidates)
        for candidate in candidates:
            state = sockets.get(candidate.url.removeprefix(_UNIX), "absent")
            if candidate in silent or (at_first and state == "absent"):
                continue
            try:
                return await _ask(connection, candidate, state, variables)
            except SilentError as error:
                silent[candidate] = error
    raise NotReadyError(
        f"no container engine answers at {host.name}",
        next((silent[each].hint for each in candidates if silent[each].hint), _START),
        tuple(f"{each.url} ({each.found}): {silent[each]}" for each in candidates),
    )


async def _look(host: Host, candidates: Sequence[Candidate]) -> dict[str, str]:
    """Return the state of the candidates' sockets now."""
    lines: list[str] = []
    look = remote_shell.look_at_sockets(candidate.url.removeprefix(_UNIX) for candidate in candidates)
    await host.run(("sh", "-c", look), on_lines=lines.extend)
    return read_sockets(lines)


async def _ask(
    connection: Connection, candidate: Candidate, socket: str, variables: Mapping[str, str]
) -> ContainerEngine:
    if "://" not in candidate.url:  # what the docker command printed in its place
        raise SilentError(
            "that is no engine", "choose one there: `docker context ls`, `docker context use NAME`"
        )
    if not candidate.url.startswith(_UNIX):
        raise SilentError(
            "only an engine at a Unix socket can be used over SSH", "choose another engine there"
        )
    if socket == "absent":
        raise SilentError("no such socket")
    if socket == "denied":
        raise SilentError("permission denied", _RIGHTS)
    there = candidate.url.removeprefix(_UNIX)
    here = Candidate(
        f"{_UNIX}{await connection.forwards.socket(there)}", f"{candidate.found} at {connection.name}"
    )
    try:
        return await ask(here, variables, candidate.url)
    except SilentError:
        if reason := await refusal(await connection.get(), there):
            raise SilentError(f"it cannot be connected to: {reason}", _RUNS) from None
        raise
