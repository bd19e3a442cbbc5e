"""Finding the container engine, Docker or Podman, and speaking to it.

The order is that of the `docker` command (`DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of its
configuration, the default socket), then where desktop products and Podman put their sockets.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tui.errors import NotReadyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiodocker import Docker

Flavour = Literal["docker", "podman"]

_PATIENCE = 3.0  # seconds for an engine to say its version
_WEB = ("tcp://", "http://", "https://")
_START = (
    "start Docker (`systemctl start docker`, Docker Desktop, `colima start`) or Podman (`podman machine"
    " start`, `systemctl --user start podman.socket`), or name an engine in DOCKER_HOST"
)


@dataclass(frozen=True, slots=True)
class Certificates:
    """What an engine behind TLS wants: `ca.pem`, `cert.pem` and `key.pem` of a folder, as far as there.

    Attributes:
        folder: Where they are.
        verify: Whether the engine must prove who it is.
    """

    folder: Path
    verify: bool = True

    def load(self) -> ssl.SSLContext:
        """Reads them; blocks.

        Raises:
            OSError: One cannot be read.
        """
        ca, cert, key = (self.folder / f"{name}.pem" for name in ("ca", "cert", "key"))
        context = ssl.create_default_context(cafile=str(ca) if ca.exists() else None)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if cert.exists():
            context.load_cert_chain(cert, key)
        return context


@dataclass(frozen=True, slots=True)
class Candidate:
    """Where an engine may answer.

    Attributes:
        url: `unix://…` or `tcp://…`.
        found: What named it: a variable, a context, its default place.
        certificates: For TLS.
    """

    url: str
    found: str
    certificates: Certificates | None = None

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Docker]:
        """A client of it, closed whatever happens.

        Raises:
            OSError: Its certificates cannot be read.
        """
        await asyncio.to_thread(importlib.import_module, "aiodocker")
        import aiohttp
        from aiodocker import Docker

        secure = await asyncio.to_thread(self.certificates.load) if self.certificates else None
        if self.url.startswith("unix://"):  # the dummy host of requests is the library's, so is the connector
            docker = Docker(url=self.url)
        else:
            scheme = "https://" if secure else "http://"
            address = scheme + self.url.partition("://")[2]
            docker = Docker(url=address, connector=aiohttp.TCPConnector(ssl=secure or True))
        try:
            yield docker
        finally:  # its own close first awaits an event reader, which may raise and then leaves all open
            await docker.session.close()
            await docker.connector.close()


@dataclass(frozen=True, slots=True)
class ContainerEngine:
    """A container engine that answered.

    Attributes:
        url: `unix://…` or `tcp://…`.
        flavour: Which product speaks there; Podman speaks Docker's API too.
        found: What led to it, for people.
        version: The product's version.
        api_version: Of Docker's API.
        environment: Variables with which `kind`, `docker` and `podman` speak to this very engine.
        certificates: For TLS.
        architecture: What its containers run on, in the words of images; empty where it does not say.
    """

    url: str
    flavour: Flavour
    found: str
    version: str
    api_version: str
    environment: Mapping[str, str]
    certificates: Certificates | None = None
    architecture: str = ""

    def client(self) -> contextlib.AbstractAsyncContextManager[Docker]:
        """A client of the engine, to be used in `async with`."""
        return Candidate(self.url, self.found, self.certificates).client()


async def find_engine(environment: Mapping[str, str], home: Path) -> ContainerEngine:
    """Finds the container engine that answers.

    An engine that the user names is the only one asked; else the first that answers of the known places.

    Args:
        environment: Variables, as `os.environ`.
        home: The user's home.

    Raises:
        NotReadyError: None answers; its details say what was tried.
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


class SilentError(Exception):
    """A candidate that is no engine, with what helps if that is known."""

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause)
        self.hint = hint


async def ask(
    candidate: Candidate, environment: Mapping[str, str], url: str | None = None
) -> ContainerEngine:
    """Asks a candidate who it is.

    Args:
        candidate: Where it may answer.
        environment: The variables of the machine that it runs on.
        url: Where commands there find it; the candidate's own if absent.

    Raises:
        SilentError: It is no engine that can be used.
    """
    _check_scheme(candidate)
    if candidate.url.startswith("unix://"):
        path = Path(candidate.url.removeprefix("unix://"))
        if not await asyncio.to_thread(_is_there, path):
            raise SilentError("no such socket")
    try:
        async with asyncio.timeout(_PATIENCE), candidate.client() as docker:
            said = await docker._query_json("version", versioned_api=False)  # `version()` asks twice
            flavour, version = _product(said)
            return ContainerEngine(
                candidate.url,
                flavour,
                candidate.found,
                version,
                str(said["ApiVersion"]),
                _variables(candidate, url or candidate.url, flavour, environment),
                candidate.certificates,
                str(said.get("Arch") or ""),
            )
    except TimeoutError as error:
        raise SilentError(f"no answer within {_PATIENCE:g} s") from error
    except Exception as error:  # whatever a stranger on that socket says, it is not an engine's answer
        raise _explained(error) from error


def _check_scheme(candidate: Candidate) -> None:
    if candidate.url.startswith("ssh://"):
        raise SilentError(
            "engines behind ssh:// are not used by themselves",
            f"bring the whole plan up there: `bringup up --host {candidate.url}`",
        )
    if not candidate.url.startswith(("unix://", *_WEB)):
        raise SilentError("not an address of the form unix://… or tcp://…")


def _explained(error: Exception) -> SilentError:
    text = str(error)
    if "Permission denied" in text:
        return SilentError(
            "permission denied",
            "let this user use the engine: `sudo usermod -aG docker $USER`, then log in again",
        )
    if "Connect call failed" in text or "Connection refused" in text:
        return SilentError("connection refused")
    return SilentError(text or type(error).__name__)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder that may not be entered: connecting says so
        return True


def _product(said: Mapping[str, Any]) -> tuple[Flavour, str]:
    for component in said.get("Components") or ():
        if component.get("Name") == "Podman Engine":
            return "podman", str(component["Version"])
    return "docker", str(said["Version"])


def _variables(
    candidate: Candidate, url: str, flavour: Flavour, environment: Mapping[str, str]
) -> dict[str, str]:
    variables = {"DOCKER_HOST": url}
    if candidate.certificates is not None:
        variables["DOCKER_CERT_PATH"] = str(candidate.certificates.folder)
        variables["DOCKER_TLS"] = "1"
        variables["DOCKER_TLS_VERIFY"] = "1" if candidate.certificates.verify else ""
    elif environment.get("DOCKER_TLS_VERIFY"):
        variables["DOCKER_TLS_VERIFY"] = ""
    if flavour == "podman":
        return {**variables, "CONTAINER_HOST": url, "KIND_EXPERIMENTAL_PROVIDER": "podman"}
    if environment.get("KIND_EXPERIMENTAL_PROVIDER", "docker") != "docker":
        variables["KIND_EXPERIMENTAL_PROVIDER"] = "docker"
    return variables


def _named(environment: Mapping[str, str], home: Path) -> Candidate | None:
    """The engine that the user has named, if any, by the rules of the `docker` command."""
    folder = Path(environment.get("DOCKER_CONFIG") or home / ".docker")
    if url := environment.get("DOCKER_HOST"):
        secured = url.startswith("https://") or environment.get("DOCKER_TLS_VERIFY")
        certificates = Certificates(Path(environment.get("DOCKER_CERT_PATH") or folder)) if secured else None
        return Candidate(url, "DOCKER_HOST", certificates if url.startswith(_WEB) else None)
    if name := environment.get("DOCKER_CONTEXT"):
        return None if name == "default" else _context(folder, name, "DOCKER_CONTEXT")
    config = folder / "config.json"
    name = _read(config).get("currentContext") if config.exists() else None
    return None if name in (None, "", "default") else _context(folder, str(name), str(config))


def _context(folder: Path, name: str, source: str) -> Candidate:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts" / "meta" / key / "meta.json"
    if not meta.exists():
        raise NotReadyError(
            f"Docker context {name!r}, named by {source}, does not exist",
            "choose one that does: `docker context ls`, `docker context use NAME`",
            (f"looked for {meta}",),
        )
    endpoint = (_read(meta).get("Endpoints") or {}).get("docker") or {}
    url = str(endpoint.get("Host") or "unix:///var/run/docker.sock")
    certificates = folder / "contexts" / "tls" / key / "docker"
    secured = certificates.exists() and url.startswith(_WEB)
    verify = not endpoint.get("SkipTLSVerify", False)
    return Candidate(
        url, f"Docker context {name!r}", Certificates(certificates, verify=verify) if secured else None
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotReadyError(f"{path} cannot be read: {error}", "mend it, or set DOCKER_HOST") from error
    return content if isinstance(content, dict) else {}


def places(environment: Mapping[str, str], home: Path) -> list[Candidate]:
    """Where engines answer that nobody has configured, best first."""
    runtime = environment.get("XDG_RUNTIME_DIR")
    docker = [
        Candidate("unix:///var/run/docker.sock", "default socket"),
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
    if folder := environment.get("TMPDIR"):
        socket = f"{folder.rstrip('/')}/podman/podman-machine-default-api.sock"
        places.append(Candidate(f"unix://{socket}", "Podman machine"))
    return places
