"""The steps `kubernetes.namespace` and `kubernetes.pull_secret`."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tui.actions.kubernetes.apply import outcome_of
from tui.clients.kubernetes.api import MERGE, ApiError
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.reporter import Done

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api, Object
    from tui.plan.steps import KubernetesNamespace, KubernetesPullSecret

_DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
_ACCOUNT_WITHIN = 10.0  # seconds; a namespace's default account is made a moment after it
_GONE_WITHIN = 120.0
_POLL = 0.25
_SECRETS = ("auth", "password", "identitytoken", "registrytoken")
_LOGIN = "log in without a credential store (podman login), or name the file that holds the logins"


async def namespace(step: KubernetesNamespace, ctx: Context) -> Done:
    """Makes sure that namespaces exist; one that is being deleted is waited for and made anew.

    Raises:
        ActionError: The API server refuses, or a namespace does not go away.
    """
    made = 0
    async with connect(ctx) as api:
        for name in step.names:
            path = f"/api/v1/namespaces/{name}"
            before = await _gone_or_active(api, path, name, ctx)
            metadata = {"name": name, **({"labels": step.labels} if step.labels else {})}
            after = await api.apply(path, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
            outcome = outcome_of(before, after)
            ctx.log(f"namespace/{name} {outcome}")
            made += outcome != "unchanged"
    total = len(step.names)
    return Done(f"{made} of {total} made or changed" if made else f"{total} already there", changed=made > 0)


async def _gone_or_active(api: Api, path: str, name: str, ctx: Context) -> Object | None:
    end = _end(ctx, _GONE_WITHIN)
    told = False
    while (found := await api.find(path)) and found.get("status", {}).get("phase") == "Terminating":
        if not told:
            ctx.log(f"namespace/{name} is being deleted; waiting until it is gone")
        told = True
        if asyncio.get_running_loop().time() >= end:
            raise ActionError(
                f"namespace/{name} is being deleted, but has not gone away",
                f"something in it holds it back: kubectl get namespace {name} -o yaml says what",
            )
        await asyncio.sleep(_POLL)
    return found


def _end(ctx: Context, within: float) -> float:
    """Until when to wait: so many seconds, or to the step's deadline."""
    end = asyncio.get_running_loop().time() + within
    return end if ctx.deadline is None else min(end, ctx.deadline)


async def pull_secret(step: KubernetesPullSecret, ctx: Context) -> Done:
    """Makes an image pull secret from the user's own logins, and links it to service accounts.

    Where there are no logins to be had, images may still be public: that is a warning.

    Raises:
        ActionError: The login file cannot be read, or namespace or service account are missing.
    """
    found = await asyncio.to_thread(read_logins, step.sources)
    if found is None:
        files = " or ".join(map(str, step.sources))
        ctx.warn(
            f"no registry login at {files}: private images cannot be pulled; log in first (podman login)"
        )
        return Done("no login file", changed=False)
    for value in found.secrets():
        ctx.secret(value)
    if not found.auths:
        ctx.warn(found.lack())
        return Done(f"no logins in {found.file}", changed=False)
    for registry in found.elsewhere:
        ctx.log(f"{registry}: its login is not in the file, and left out")
    async with connect(ctx) as api:
        changed = await _keep_secret(api, step, found, ctx)
        for account in step.service_accounts:
            changed |= await _link(api, step, account, ctx)
    return Done(f"logins to {', '.join(found.auths)}", changed=changed)


@dataclass(frozen=True, slots=True)
class Logins:
    """Registry logins, as Podman and Docker keep them.

    Attributes:
        file: Where they were read.
        auths: What is known of each registry, by its name; only those that a cluster can use.
        elsewhere: Registries whose logins are in a credential store.
        store: The credential store's name, if one is set.
    """

    file: Path
    auths: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    elsewhere: tuple[str, ...] = ()
    store: str = ""

    def secrets(self) -> Iterator[str]:
        """All that must not be shown: tokens, passwords, and the pairs of user and password."""
        for entry in self.auths.values():
            yield from (str(entry[key]) for key in _SECRETS if entry.get(key))
            user, colon, password = _decoded(str(entry.get("auth", ""))).partition(":")
            if colon and password:
                yield from (f"{user}:{password}", password)

    def lack(self) -> str:
        """Why there is nothing to make a secret of, and what to do."""
        if self.store or self.elsewhere:
            store = f"credential store {self.store!r}" if self.store else "credential helpers"
            return f"{self.file} keeps its logins in the {store}, which a cluster cannot use: {_LOGIN}"
        return f"{self.file} holds no logins: private images cannot be pulled; log in first (podman login)"


def read_logins(sources: Iterable[Path]) -> Logins | None:
    """Reads the first login file that exists.

    Returns:
        The logins; None where no file exists.

    Raises:
        ActionError: The file cannot be read.
    """
    for file in sources:
        try:
            config = json.loads(file.read_text(encoding="utf-8"))
            return _logins(file, config)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError) as error:
            # The error's own text could quote the file.
            raise ActionError(
                f"cannot read the registry logins in {file}: {_kind_of(error)}",
                "mend the file, or log in anew (podman login)",
            ) from None
    return None


def _logins(file: Path, config: dict[str, Any]) -> Logins:
    entries = config.get("auths") or {}
    auths = {registry: entry for registry, entry in entries.items() if _is_usable(entry)}
    elsewhere = {*entries, *(config.get("credHelpers") or {})} - set(auths)
    return Logins(file, auths, tuple(sorted(elsewhere)), str(config.get("credsStore") or ""))


def _is_usable(entry: object) -> bool:
    return isinstance(entry, dict) and any(entry.get(key) for key in _SECRETS)


def _kind_of(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    place = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
    return f"it is no JSON of the form that Podman and Docker write{place}"


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value).decode()
    except (binascii.Error, ValueError):
        return ""


async def _keep_secret(api: Api, step: KubernetesPullSecret, logins: Logins, ctx: Context) -> bool:
    path = f"/api/v1/namespaces/{step.namespace}/secrets/{step.name}"
    content = json.dumps({"auths": logins.auths}, sort_keys=True).encode()
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": step.name, "namespace": step.namespace},
        "type": _DOCKER_CONFIG,
        "data": {".dockerconfigjson": base64.b64encode(content).decode()},
    }
    before = await api.find(path)
    try:
        outcome = outcome_of(before, await api.apply(path, body))
    except ApiError as error:
        raise _explained(step, before, error) from error
    ctx.log(f"secret/{step.name} {outcome}")
    return outcome != "unchanged"


def _explained(step: KubernetesPullSecret, before: Object | None, error: ApiError) -> ActionError:
    if error.status == 404:
        return ActionError(
            f"there is no namespace {step.namespace!r} for the secret {step.name!r}",
            "make the namespace first: put a kubernetes.namespace step before this one",
        )
    if before and before.get("type") != _DOCKER_CONFIG:
        return ActionError(
            f"there is a secret {step.name!r} of type {before.get('type')} in {step.namespace}",
            f"choose another name, or delete it: kubectl -n {step.namespace} delete secret {step.name}",
        )
    return error


async def _link(api: Api, step: KubernetesPullSecret, account: str, ctx: Context) -> bool:
    path = f"/api/v1/namespaces/{step.namespace}/serviceaccounts/{account}"
    end = _end(ctx, _ACCOUNT_WITHIN)
    while True:
        found = await api.find(path)
        linked = (found or {}).get("imagePullSecrets") or []
        if any(entry.get("name") == step.name for entry in linked):
            ctx.log(f"serviceaccount/{account} unchanged")
            return False
        if found and await _set_linked(api, path, found, [*linked, {"name": step.name}]):
            ctx.log(f"serviceaccount/{account} configured")
            return True
        if asyncio.get_running_loop().time() >= end:
            what = "is changed all the time" if found else "does not exist"
            raise ActionError(
                f"the service account {account!r} in {step.namespace} {what}",
                "apply what makes it before this step, or correct service_accounts",
            )
        await asyncio.sleep(_POLL)


async def _set_linked(api: Api, path: str, found: Object, linked: list[dict[str, Any]]) -> bool:
    """Writes the whole list, which no kind of merge joins; False where the account has changed meanwhile."""
    body = {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, "imagePullSecrets": linked}
    try:
        await api.request("PATCH", path, body=body, content_type=MERGE)
    except ApiError as error:
        if error.status == 409:
            return False
        raise
    return True
