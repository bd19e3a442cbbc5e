"""What a user's own kubeconfig says of a context, as kubectl reads it on the cluster's host.

Kubectl itself merges the files of `KUBECONFIG`, so that a context leads where its user knows it to lead.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tui.clients.kubernetes.exec_login import Credential, Login, first_object, log_in
from tui.clients.kubernetes.kubeconfig import access_of
from tui.errors import ActionError, NotReadyError
from tui.hosts.host import at
from tui.plan.faults import suggest
from tui.run.directories import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.hosts.host import Host

_NO_KUBECTL = "install it: https://kubernetes.io/docs/tasks/tools/"


class UserContext:
    """A context of a user's kubeconfig, with its cluster and its user.

    Attributes:
        config: A kubeconfig that has nothing else; certificates stand in it, not beside it.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    @property
    def cluster(self) -> dict[str, Any]:
        """The entry of its cluster."""
        found: dict[str, Any] = self.config["clusters"][0]["cluster"]
        return found

    @property
    def user(self) -> dict[str, Any]:
        """The entry of its user; empty if it names none."""
        return next((each["user"] or {} for each in self.config.get("users") or ()), {})

    @property
    def server(self) -> str:
        """The URL of its API server."""
        return str(self.cluster.get("server") or "")

    def text(self) -> str:
        """Return it as a kubeconfig file."""
        return json.dumps(self.config, indent=2) + "\n"

    async def led_here(self, host: Host) -> tuple[UserContext, Credential | None, dict[int, int]]:
        """Return the context of another machine as it is used from this one.

        The server is reached through a forward, and what that machine has is put in: files, and what its
        programs answer for a login.

        Returns:
            The context, the login that it holds if a program gave one, and the forwarded ports here by those
            there.

        Raises:
            ActionError: It cannot be used from here.
            NotReadyError: The machine does not allow the forward.
        """
        if self.cluster.get("proxy-url"):
            cause = f"the context's cluster is reached by a proxy{at(host)}, which is not supported over SSH"
            raise ActionError(cause, "run bringup on that machine, or remove `proxy-url` from its kubeconfig")
        url = urlsplit(self.server)
        there = url.hostname or "", url.port or (443 if url.scheme == "https" else 80)
        port = await host.forward(there[1], there[0] if there[0] != "localhost" else "127.0.0.1")
        cluster = {"tls-server-name": there[0], **self.cluster}
        cluster["server"] = url._replace(netloc=f"127.0.0.1:{port}").geturl()
        user, credential = dict(self.user), None
        if file := user.pop("tokenFile", ""):
            user["token"] = "".join(await _lines(host, ("cat", file))).strip()
        if asked := user.pop("exec", None):
            credential = await log_in(Login.of(asked, self.cluster), host)
            user |= credential.entry()
        config = {
            **self.config,
            "clusters": [{**self.config["clusters"][0], "cluster": cluster}],
            "users": [{**each, "user": user} for each in self.config.get("users") or ()],
        }
        return UserContext(config), credential, {there[1]: port}


async def read_context(name: str, host: Host) -> UserContext:
    """Read a context of the kubeconfig of a host's user.

    Args:
        name: The context's name.
        host: The host whose user is meant.

    Raises:
        ActionError: There is no such context, or it is not complete, or there is no kubectl.
    """
    view = ("kubectl", "config", "view", "--raw", "--minify", "--flatten", "--output=json")
    try:
        lines: list[str] = []
        status = await host.run((*view, f"--context={name}"), on_lines=lines.extend)
    except (FileNotFoundError, PermissionError) as error:
        cause = f"kubectl, which reads the user's kubeconfig, cannot be run{at(host)}"
        raise ActionError(cause, _NO_KUBECTL) from error
    if status:
        said = next((line for line in reversed(lines) if line.strip()), f"it exited with status {status}")
        if "cannot locate context" not in said and "does not exist" not in said:
            raise _unusable(name, host, said)
        config = first_object("\n".join(await _lines(host, ("kubectl", "config", "view", "--output=json"))))
        known = [each["name"] for each in config.get("contexts") or ()]
        hint = suggest(name, known) if known else _where((await host.machine()).variables.get("KUBECONFIG"))
        raise ActionError(f"the user's kubeconfig{at(host)} has no context {name!r}", hint)
    found = UserContext(first_object("\n".join(lines)))
    await asyncio.to_thread(_check, name, found, host)
    return found


def _where(named: str | None) -> str:
    """Return what to do where no file has any context, by what KUBECONFIG says."""
    if not named:
        return "set KUBECONFIG, or write ~/.kube/config"
    return f"KUBECONFIG is {named!r}, where there is none: correct it; in quotes a shell leaves ~ as it is"


def _unusable(name: str, host: Host, why: str) -> ActionError:
    hint = "mend the kubeconfig: `kubectl config view` shows it"
    return ActionError(f"the context {name!r} cannot be used{at(host)}: {why}", hint)


def _check(name: str, found: UserContext, host: Host) -> None:
    """Make sure that a context can be used, and that a copy of it leads to the same files.

    Raises:
        ActionError: It is not, or does not.
    """
    if not found.server:
        raise ActionError(f"the context {name!r}{at(host)} names no server", "`kubectl config view` shows it")
    command = (found.user.get("exec") or {}).get("command") or ""
    for path in (found.user.get("tokenFile") or "", command if "/" in command else ""):
        if path and not PurePath(path).is_absolute():
            cause = f"the context {name!r}{at(host)} logs in by {path}, which kubectl takes from its own file"
            raise ActionError(cause, "write that path in full in the kubeconfig")
    if not host.shares_loopback:  # what it says is looked at when it has been led here
        return
    try:
        access_of(found.config, Path("/"), name).tls()
    except OSError as error:
        why = f"it names {error.filename}, which cannot be read: {error.strerror}"
        raise _unusable(name, host, why) from error
    except ValueError as error:
        raise _unusable(name, host, str(error)) from error


async def _lines(host: Host, argv: Sequence[str]) -> list[str]:
    lines: list[str] = []
    status = await host.run(argv, on_lines=lines.extend)
    return [] if status else lines


async def write_private(path: Path, text: str) -> None:
    """Write a file that its user alone may read, whole or not at all.

    Raises:
        NotReadyError: It cannot be written.
    """
    try:
        await asyncio.to_thread(write_whole, path, text, private=True)
    except OSError as error:
        hint = "make the directory writable, or set XDG_STATE_HOME"
        raise NotReadyError(f"the kubeconfig {path} cannot be kept: {error.strerror}", hint) from error
