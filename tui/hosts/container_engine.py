"""Container engines, Docker or Podman: where one may answer, and one that did."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import re
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiodocker import Docker

Flavour = Literal["docker", "podman"]

_INNERMOST = re.compile(r"\[([^][]{3,})\]\]$")  # of errors of the client that wrap others
_PATIENCE = 10.0  # seconds for an engine to say its version: the machine may be busy
WEB = ("tcp://", "http://", "https://")
"""How URLs of engines over TCP begin."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """What an engine behind TLS requires: `ca.pem`, `cert.pem` and `key.pem` of a directory, if they exist.

    Attributes:
        directory: Where they are.
        verify: Whether the engine must prove who it is.
    """

    directory: Path
    verify: bool = True

    def load(self) -> ssl.SSLContext:
        """Read them; blocks.

        Raises:
            OSError: One cannot be read.
        """
        ca, cert, key = (self.directory / f"{name}.pem" for name in ("ca", "cert", "key"))
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
        found: What led to it: a variable, a context, its default place.
        certificates: For TLS.
    """

    url: str
    found: str
    certificates: Certificates | None = None

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncIterator[Docker]:
        """Give a client of it for the block.

        Raises:
            OSError: Its certificates cannot be read.
        """
        await _import_client()
        import aiohttp
        from aiodocker import Docker

        secure = await asyncio.to_thread(self.certificates.load) if self.certificates else None
        if self.url.startswith("unix://"):  # the library makes the connector
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
        found: What led to it, in words.
        version: The product's version.
        api_version: Of Docker's API.
        environment: Variables with which `kind`, `docker` and `podman` speak to this very engine.
        certificates: For TLS.
        architecture: What its containers run on, in the words of images; empty where it does not say.
        elsewhere: The name of the other machine that it is on; empty where it is on its user's own.
    """

    url: str
    flavour: Flavour
    found: str
    version: str
    api_version: str
    environment: Mapping[str, str]
    certificates: Certificates | None = None
    architecture: str = ""
    elsewhere: str = ""

    def client(self) -> contextlib.AbstractAsyncContextManager[Docker]:
        """Give a client of the engine for the block."""
        return Candidate(self.url, self.found, self.certificates).client()


class SilentError(Exception):
    """A candidate does not answer as an engine; with a hint, if one is known."""

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause)
        self.hint = hint


async def ask(
    candidate: Candidate, environment: Mapping[str, str], url: str | None = None
) -> ContainerEngine:
    """Ask a candidate for its version.

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
            relative = "" if path.is_absolute() else f"a socket's path begins with a slash: unix:///{path}"
            raise SilentError("no such socket", relative)
    await _import_client()  # which may take longer than the engine's answer
    try:
        async with asyncio.timeout(_PATIENCE), candidate.client() as docker:
            version_of = await docker._query_json("version", versioned_api=False)  # `version()` asks twice
            flavour, version = _product(version_of)
            return ContainerEngine(
                candidate.url,
                flavour,
                candidate.found,
                version,
                str(version_of["ApiVersion"]),
                _variables(candidate, url or candidate.url, flavour, environment),
                candidate.certificates,
                str(version_of.get("Arch") or ""),
                await asyncio.to_thread(elsewhere, candidate.url),
            )
    except TimeoutError as error:
        raise SilentError(f"no answer within {_PATIENCE:g} s") from error
    except Exception as error:  # whatever answers on that socket, it is no engine
        raise _explained(error) from error


async def _import_client() -> None:
    await asyncio.to_thread(importlib.import_module, "aiodocker")


def _check_scheme(candidate: Candidate) -> None:
    if candidate.url.startswith("ssh://"):
        raise SilentError(
            "an engine over SSH cannot be used directly",
            f"bring the whole plan up there: `bringup up --host {candidate.url}`",
        )
    if not candidate.url.startswith(("unix://", *WEB)):
        hint = f"write it as unix://{candidate.url}" if candidate.url.startswith("/") else ""
        raise SilentError("not an address of the form unix://… or tcp://…", hint)


def _explained(error: Exception) -> SilentError:
    text = str(error)
    if "Permission denied" in text:
        return SilentError(
            "permission denied",
            "let this user use the engine: `sudo usermod -aG docker $USER`, then log in again",
        )
    if "Connect call failed" in text or "Connection refused" in text:
        return SilentError("connection refused")
    if why := _INNERMOST.search(text):
        return SilentError(why[1][:1].lower() + why[1][1:])
    return SilentError(text or type(error).__name__)


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a directory that may not be entered: connecting tells
        return True


def elsewhere(url: str) -> str:
    """Return the name of the machine that a URL leads to if it is another one; blocks."""
    name = urlsplit(url).hostname or ""
    if not url.startswith(WEB) or not name:
        return ""
    with contextlib.suppress(OSError):
        for family, *_, address in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM):
            with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.bind((address[0], 0))  # which only an address of this machine allows
                return ""
    return name


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
        variables["DOCKER_CERT_PATH"] = str(candidate.certificates.directory)
        variables["DOCKER_TLS"] = "1"
        variables["DOCKER_TLS_VERIFY"] = "1" if candidate.certificates.verify else ""
    elif environment.get("DOCKER_TLS_VERIFY"):
        variables["DOCKER_TLS_VERIFY"] = ""
    if flavour == "podman":
        return {**variables, "CONTAINER_HOST": url, "KIND_EXPERIMENTAL_PROVIDER": "podman"}
    if environment.get("KIND_EXPERIMENTAL_PROVIDER", "docker") != "docker":
        variables["KIND_EXPERIMENTAL_PROVIDER"] = "docker"
    return variables
