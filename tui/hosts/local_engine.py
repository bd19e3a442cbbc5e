"""Finding the container engine of this machine, or the usual places of one.

The order is that of the `docker` command (`DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of its
configuration, the default socket), then where desktop products and Podman put their sockets.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.errors import NotReadyError
from tui.hosts.container_engine import WEB, Candidate, Certificates, SilentError, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.hosts.container_engine import ContainerEngine

_DEFAULT = "unix:///var/run/docker.sock"

_PORT = 2375
_TCP = re.compile(r"(tcp://)?(?P<host>\[[^]/]*\]|[^][/:]*)(:(?P<port>\d*))?/?")

_START = (
    "start Docker (`systemctl start docker`, Docker Desktop, `colima start`) or Podman (`podman machine"
    " start`, `systemctl --user start podman.socket`), or name an engine in DOCKER_HOST"
)


async def find_engine(environment: Mapping[str, str], home: Path) -> ContainerEngine:
    """Find the container engine of this machine that answers.

    If the user names an engine, only that one is asked; otherwise the first of the usual places that answers.

    Args:
        environment: Variables, as `os.environ`.
        home: The user's home.

    Raises:
        NotReadyError: None answers; the details list what was tried.
    """
    named = await asyncio.to_thread(_named, environment, home)
    if named is not None:
        try:
            return await ask(named, environment)
        except SilentError as error:
            raise NotReadyError(
                f"the container engine of {named.found} does not answer: {error}",
                error.hint or f"start it, or change {named.found}",
                (f"{named.url} ({named.found}): {error}",),
            ) from error
    tried: list[str] = []
    hint = _START
    for candidate in places(environment, home):
        try:
            return await ask(candidate, environment)
        except SilentError as error:
            tried.append(f"{candidate.url} ({candidate.found}): {error}")
            hint = error.hint or hint
    raise NotReadyError("no container engine answers", hint, tuple(tried))


def is_engine_named(environment: Mapping[str, str], home: Path) -> bool:
    """Return whether the user has named an engine, rightly or wrongly, so that no other will do; blocks.

    Args:
        environment: Variables, as `os.environ`.
        home: The user's home.
    """
    if environment.get("DOCKER_CONTEXT") or environment.get("CONTAINER_HOST"):
        return True
    try:
        return _named(environment, home) is not None
    except NotReadyError:
        return True


def _named(environment: Mapping[str, str], home: Path) -> Candidate | None:
    """Return the engine that the user has named, if any, by the rules of the `docker` command."""
    directory = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    if url := _address(environment.get("DOCKER_HOST", "")):
        secured = url.startswith("https://") or environment.get("DOCKER_TLS_VERIFY")
        certificates = (
            Certificates(Path(environment.get("DOCKER_CERT_PATH") or directory)) if secured else None
        )
        return Candidate(url, "DOCKER_HOST", certificates if url.startswith(WEB) else None)
    if name := environment.get("DOCKER_CONTEXT"):
        return None if name == "default" else _context(directory, name, "DOCKER_CONTEXT")
    config = directory / "config.json"
    name = _read(config).get("currentContext")
    return None if name in (None, "", "default") else _context(directory, str(name), str(config))


def _address(text: str) -> str:
    """Read `DOCKER_HOST` as the `docker` command does: without blanks, and with its defaults."""
    text = text.strip()
    if text and (found := _TCP.fullmatch(text)):
        return f"tcp://{found['host'] or 'localhost'}:{found['port'] or _PORT}"
    return _DEFAULT if text == "unix://" else text


def _context(directory: Path, name: str, source: str) -> Candidate:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = directory / "contexts" / "meta" / key / "meta.json"
    content = _read(meta)
    if not content:
        raise NotReadyError(
            f"Docker context {name!r}, named by {source}, does not exist",
            "choose one that does: `docker context ls`, `docker context use NAME`",
            (f"looked for {meta}",),
        )
    endpoint = _mapping(_mapping(content.get("Endpoints")).get("docker"))
    url = str(endpoint.get("Host") or _DEFAULT)
    certificates = directory / "contexts" / "tls" / key / "docker"
    secured = certificates.exists() and url.startswith(WEB)
    verify = not endpoint.get("SkipTLSVerify", False)
    return Candidate(
        url, f"Docker context {name!r}", Certificates(certificates, verify=verify) if secured else None
    )


def _read(path: Path) -> dict[str, Any]:
    """Read a file of Docker's; one that is absent or empty says nothing."""
    try:
        text = path.read_text(encoding="utf-8")
        return _mapping(json.loads(text)) if text.strip() else {}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError) as error:
        raise NotReadyError(f"{path} cannot be read: {error}", "correct it, or set DOCKER_HOST") from error


def _mapping(content: object) -> dict[str, Any]:
    return content if isinstance(content, dict) else {}


def places(environment: Mapping[str, str], home: Path) -> list[Candidate]:
    """Return where engines answer that nobody has configured, best first."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    docker = [
        Candidate(_DEFAULT, "default socket"),
        *([Candidate(f"unix://{runtime}/docker.sock", "rootless Docker")] if runtime else []),
        Candidate(f"unix://{home}/.docker/run/docker.sock", "Docker Desktop"),
        Candidate(f"unix://{home}/.docker/desktop/docker.sock", "Docker Desktop"),
        Candidate(f"unix://{home}/.colima/default/docker.sock", "Colima"),
        Candidate(f"unix://{home}/.rd/docker.sock", "Rancher Desktop"),
        Candidate(f"unix://{home}/.orbstack/run/docker.sock", "OrbStack"),
    ]
    podman = _podman_places(environment, home)
    wants_podman = environment.get("KIND_EXPERIMENTAL_PROVIDER") == "podman"
    return podman + docker if wants_podman else docker + podman


def _podman_places(environment: Mapping[str, str], home: Path) -> list[Candidate]:
    places: list[Candidate] = []
    if url := environment.get("CONTAINER_HOST"):
        places.append(Candidate(url, "CONTAINER_HOST"))
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        places.append(Candidate(f"unix://{runtime}/podman/podman.sock", "rootless Podman"))
    places.append(Candidate("unix:///run/podman/podman.sock", "Podman"))
    machine = f"unix://{home}/.local/share/containers/podman/machine"
    places += [
        Candidate(f"{machine}/podman.sock", "Podman machine"),
        Candidate(f"{machine}/podman-machine-default/podman.sock", "Podman machine"),
    ]
    if directory := environment.get("TMPDIR"):
        socket = f"{directory.rstrip('/')}/podman/podman-machine-default-api.sock"
        places.append(Candidate(f"unix://{socket}", "Podman machine"))
    return places
