"""Image names, and the user's logins at the registries that they name.

Docker and Podman keep logins in JSON files, or in helper programs (`docker-credential-NAME`) that these files
name. This module is the one reader of both.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

HUB = "docker.io"
HUB_KEY = "https://index.docker.io/v1/"
"""What Docker calls Docker Hub in login files, towards helpers and in the engine's API."""

_HUB_BEFORE = "index.docker.io"
_HUB_HOSTS = {HUB, _HUB_BEFORE, "registry-1.docker.io"}
_TOKEN_USER = "<token>"  # noqa: S105 - the user name with which a helper marks an identity token
_NOT_FOUND = ("credentials not found", "no credentials", "not logged in")
_HELPER_WITHIN = 15.0  # seconds; a helper may ask its user to unlock a key ring


def with_tag(image: str) -> str:
    """Return an image's name with `:latest` where it has neither tag nor digest."""
    last = image.rpartition("/")[2]
    return image if ":" in last or "@" in last else f"{image}:latest"


def canonical(image: str) -> str:
    """Return an image's name in full, as runtimes have it: `docker.io/library/redis:7` of `redis:7`."""
    image = with_tag(image)
    first, slash, rest = image.partition("/")
    if not slash:
        return f"{HUB}/library/{image}"
    if first == _HUB_BEFORE:
        return canonical(f"{HUB}/{rest}")
    if "." in first or ":" in first or first == "localhost":
        return f"{HUB}/library/{rest}" if first == HUB and "/" not in rest else image
    return f"{HUB}/{image}"


def names_of_pinned(image: str) -> tuple[str, str]:
    """Return by which names nodes need to have an image that is named by its digest, maybe beside a tag.

    Returns:
        The name that they look for, which has no tag; and one with a tag, as containerd starts no container
        from an image that has none.
    """
    name, _, digest = canonical(image).partition("@")
    directory, slash, last = name.rpartition("/")
    repository = f"{directory}{slash}{last.partition(':')[0]}"
    return f"{repository}@{digest}", f"{repository}:{digest.replace(':', '-')}"


def encode(value: Mapping[str, Any]) -> str:
    """Encode a login, or several by registry, for a header of the engine's API."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@dataclass(frozen=True, slots=True)
class Login:
    """A user's login at a registry, or at some repositories of one.

    Attributes:
        registry: The registry as its file or helper names it, such as `quay.example/team`.
        username: Empty where there is only a token.
        password: Empty where there is only a token.
        identity_token: What the registry has given in exchange for a password; empty if nothing.
    """

    registry: str
    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def auth(self) -> str:
        """User and password as login files and image pull secrets have them; empty without a password."""
        pair = f"{self.username}:{self.password}".encode()
        return base64.b64encode(pair).decode() if self.password else ""

    def for_engine(self) -> dict[str, str]:
        """Return the login as the engine's API takes it."""
        server = HUB_KEY if _scope(self.registry) == HUB else self.registry
        if self.identity_token:
            return {"identitytoken": self.identity_token, "serveraddress": server}
        return {"username": self.username, "password": self.password, "serveraddress": server}

    def secrets(self) -> Iterator[str]:
        """Yield every text that must not be shown."""
        if self.identity_token:
            yield self.identity_token
        if self.password:
            yield from (self.password, f"{self.username}:{self.password}", self.auth)


@dataclass(frozen=True, slots=True)
class LoginFile:
    """What a login file holds.

    Attributes:
        path: The file.
        logins: The logins that stand in it, by scope: `quay.example`, `quay.example/team`.
        helpers: The helper that keeps a registry's login, by scope.
        store: The helper that keeps all other logins; empty if there is none.
        problems: What is wrong with the file, without what it says.
    """

    path: Path
    logins: Mapping[str, Login] = field(default_factory=dict)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str = ""
    problems: tuple[str, ...] = ()


def login_files(environment: Mapping[str, str], home: Path, flavour: str = "docker") -> list[Path]:
    """List the places where a user's logins may be, the one that goes first first.

    Args:
        environment: The user's variables.
        home: The user's home directory.
        flavour: `docker` or `podman`: whose own files go before the other's.
    """
    if named := environment.get("REGISTRY_AUTH_FILE"):
        podman = [Path(named)]
    else:
        runtime, config = environment.get("XDG_RUNTIME_DIR"), environment.get("XDG_CONFIG_HOME")
        podman = [Path(runtime) / "containers" / "auth.json"] if runtime else []
        podman.append((Path(config) if config else home / ".config") / "containers" / "auth.json")
    directory = environment.get("DOCKER_CONFIG")
    docker = [(Path(directory) if directory else home / ".docker") / "config.json"]
    return [*podman, *docker] if flavour == "podman" else [*docker, *podman]


def read_login_file(path: Path) -> LoginFile | None:
    """Read a login file; blocks.

    Returns:
        What it holds; None where there is no such file.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return LoginFile(path, problems=(f"{path} cannot be read: {error.strerror}",))
    except UnicodeDecodeError:
        return LoginFile(path, problems=(f"{path} is not UTF-8",))
    if not text.strip():
        return LoginFile(path)
    try:
        config = json.loads(text)
    except (ValueError, RecursionError) as error:  # whose own text could quote the file
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        return LoginFile(path, problems=(f"{path} is no JSON{place}",))
    if not isinstance(config, dict):
        return LoginFile(path, problems=(f"{path} is no login file of Docker's or Podman's",))
    return _parse(path, config)


def _parse(path: Path, config: Mapping[str, Any]) -> LoginFile:
    problems: list[str] = []

    def part(name: str) -> dict[str, Any]:
        value = config.get(name) or {}
        if not isinstance(value, dict):
            problems.append(f"`{name}` in {path} is no mapping")
            return {}
        return value

    logins: dict[str, Login] = {}
    for registry, entry in part("auths").items():
        try:
            login = _login(registry, entry)
        except (ValueError, AttributeError):
            problems.append(f"the login for {registry} in {path} is damaged")
            continue
        if login and (_scope(registry) not in logins or "://" not in registry):
            logins[_scope(registry)] = login
    helpers = {_scope(registry): str(name) for registry, name in part("credHelpers").items() if name}
    return LoginFile(path, logins, helpers, str(config.get("credsStore") or ""), tuple(problems))


def _login(registry: str, entry: Mapping[str, Any]) -> Login | None:
    """Read an entry of `auths`; None where it is empty, as it is if a helper keeps the login."""
    username, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if auth := entry.get("auth"):
        pair = base64.b64decode(str(auth), validate=True).decode().rstrip("\0")
        username, colon, password = pair.partition(":")
        if not colon:
            raise ValueError
    token = str(entry.get("identitytoken") or "")
    return Login(registry, username, password, token) if password or token else None


def _scope(key: str) -> str:
    """Return the registry, or the part of one, that a login's key is for: `docker.io`, `quay.example/team`.

    A key with a scheme is a registry's address, whose path is that of its API.
    """
    _, scheme, rest = key.partition("://")
    host, _, path = (rest if scheme else key).partition("/")
    host = HUB if host.lower() in _HUB_HOSTS else host.lower()
    path = path.strip("/")
    return host if scheme or path in ("", "v1", "v2") else f"{host}/{path}"


class Logins:
    """The user's logins: those in the login files, and those that helper programs keep.

    Args:
        files: The login files, the one that goes first first.
        environment: The user's variables, with which helper programs are started.

    Attributes:
        problems: What is wrong with the files, or with helpers that were asked, a sentence each.
    """

    def __init__(self, files: Sequence[LoginFile], environment: Mapping[str, str]) -> None:
        self.files = files
        self.problems = [problem for file in files for problem in file.problems]
        self._environment = environment

    async def find(self, image: str) -> Login | None:
        """Find the login for an image: the most specific of the first file that has any."""
        name = canonical(image).partition("@")[0]
        parts = name.split("/")
        scopes = ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]
        scopes[0] = name.rpartition(":")[0] if ":" in parts[-1] else name
        for file in self.files:
            for scope in scopes:
                if login := await self._of(file, scope):
                    return login
        return None

    async def all(self) -> dict[str, Login]:
        """Return all logins by scope: what the files hold, and what their helpers list."""
        found: dict[str, Login] = {}
        for file in self.files:
            listed = await self._list(file.store) if file.store else {}
            keepers = dict.fromkeys(listed, file.store) | dict(file.helpers)
            asked = await asyncio.gather(
                *(self._get(helper, listed.get(scope) or _server(scope)) for scope, helper in keepers.items())
            )
            kept = {scope: login for scope, login in zip(keepers, asked, strict=True) if login}
            found = {**file.logins, **kept, **found}
        return found

    async def _of(self, file: LoginFile, scope: str) -> Login | None:
        helper = file.helpers.get(scope) or ("" if "/" in scope else file.store)
        kept = await self._get(helper, _server(scope)) if helper else None
        return kept or file.logins.get(scope)

    async def _list(self, helper: str) -> dict[str, str]:
        """Return the servers that a helper has logins for, by scope."""
        servers = await self._ask(helper, "list", "")
        return {_scope(str(server)): str(server) for server in servers}

    async def _get(self, helper: str, server: str) -> Login | None:
        said = await self._ask(helper, "get", server)
        if not said.get("Secret"):
            return None
        username, secret = str(said.get("Username") or ""), str(said["Secret"])
        if username == _TOKEN_USER:
            return Login(server, identity_token=secret)
        return Login(server, username, secret)

    async def _ask(self, helper: str, verb: str, text: str) -> dict[str, Any]:
        """Ask a helper program; return nothing where it does not know, or cannot be asked."""
        program = f"docker-credential-{helper}"
        try:
            async with asyncio.timeout(_HELPER_WITHIN):
                status, output = await _run(program, verb, text, self._environment)
        except TimeoutError:
            return self._note(f"{program} has not answered within {_HELPER_WITHIN:.0f} s")
        except FileNotFoundError:
            return self._note(f"logins are kept by {program}, which is not on PATH")
        except OSError as error:
            return self._note(f"{program} cannot be run: {error.strerror}")
        if status:
            if any(words in output.lower() for words in _NOT_FOUND):
                return {}
            return self._note(f"{program} {verb} failed with status {status}")
        try:
            said = json.loads(output or "{}")
        except ValueError:
            said = None
        return said if isinstance(said, dict) else self._note(f"{program} {verb} did not answer in JSON")

    def _note(self, problem: str) -> dict[str, Any]:
        if problem not in self.problems:
            self.problems.append(problem)
        return {}


async def read_logins(paths: Sequence[Path], environment: Mapping[str, str] = os.environ) -> Logins:
    """Read login files; those that do not exist are left out.

    Args:
        paths: The files, as of `login_files` or named by the user.
        environment: The user's variables, with which helper programs are started.
    """
    files = await asyncio.to_thread(lambda: [file for path in paths if (file := read_login_file(path))])
    return Logins(files, environment)


def for_builds(logins: Mapping[str, Login], flavour: str) -> dict[str, dict[str, str]]:
    """Return logins as a build takes them, by registry.

    Docker looks them up by registry alone: there one for a whole registry goes before one for part of it.
    """
    if flavour == "podman":
        return {scope: login.for_engine() for scope, login in logins.items()}
    longest_first = sorted(logins.items(), key=lambda item: item[0].count("/"), reverse=True)
    return {_server(scope.partition("/")[0]): login.for_engine() for scope, login in longest_first}


def _server(scope: str) -> str:
    """Return what Docker and its helpers call a registry."""
    return HUB_KEY if scope == HUB else scope


async def _run(program: str, verb: str, text: str, environment: Mapping[str, str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        program,
        verb,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate(text.encode())
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 1)
    return process.returncode or 0, output.decode(errors="replace")
