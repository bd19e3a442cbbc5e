"""The step `kubernetes.pull_secret`."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.actions.kubernetes.server_side import outcome_of
from tui.clients.kubernetes.api import MERGE, ApiError
from tui.clients.registry import login_files, read_logins
from tui.cluster.connect import connect
from tui.errors import ActionError
from tui.plan.labels import labelled
from tui.reporter import Done, end_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api, Object
    from tui.clients.registry import Login
    from tui.plan.steps import KubernetesPullSecret

_DOCKER_CONFIG = "kubernetes.io/dockerconfigjson"
_ACCOUNT_WITHIN = 10.0  # seconds; a namespace's default account is made a moment after it
_POLL = 0.25


async def pull_secret(step: KubernetesPullSecret, ctx: Context) -> Done:
    """Make an image pull secret of the user's own logins, and link it to service accounts.

    Without logins images may still be public: then the step only warns.

    Raises:
        ActionError: The namespace or a service account is missing, or the API server refuses.
    """
    sources = step.sources
    if "sources" not in step.model_fields_set:  # then wherever Docker and Podman keep them
        sources = tuple(login_files(os.environ, Path.home(), "podman"))
    found = await read_logins(sources)
    logins = await found.all()
    for problem in found.problems:
        ctx.warn(problem)
    for login in logins.values():
        for value in login.secrets():
            ctx.secret(value)
    if not logins:
        files = " or ".join(map(str, sources))
        ctx.warn(f"no registry login in {files}: private images cannot be pulled; log in first")
        return Done("no logins", changed=False)
    async with connect(ctx) as api:
        changed = await _store(api, step, logins, ctx)
        for account in step.service_accounts:
            changed |= await _link(api, step, account, ctx)
    return Done(f"logins to {', '.join(logins)}", changed=changed)


def _entry(login: Login) -> dict[str, str]:
    token = {"identitytoken": login.identity_token} if login.identity_token else {}
    return {"auth": login.auth, **token} if login.auth else token


async def _store(api: Api, step: KubernetesPullSecret, logins: Mapping[str, Login], ctx: Context) -> bool:
    path = f"/api/v1/namespaces/{step.namespace}/secrets/{step.name}"
    auths = {login.registry: _entry(login) for login in logins.values()}
    content = json.dumps({"auths": auths}, sort_keys=True).encode()
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": step.name, "namespace": step.namespace},
        "type": _DOCKER_CONFIG,
        "data": {".dockerconfigjson": base64.b64encode(content).decode()},
    }
    before = await api.find(path)
    try:
        outcome = outcome_of(before, await api.apply(path, labelled(body, before, ctx.cluster.owner)))
    except ApiError as error:
        raise _explained(step, before, error) from error
    ctx.log(f"secret/{step.name} {outcome}")
    return outcome != "unchanged"


def _explained(step: KubernetesPullSecret, before: Object | None, error: ApiError) -> ActionError:
    if error.status == 404:
        return ActionError(
            f"there is no namespace {step.namespace!r} for the secret {step.name!r}",
            "make the namespace first: put a `kubernetes.namespace` step before this one",
        )
    if before and before.get("type") != _DOCKER_CONFIG:
        return ActionError(
            f"there is a secret {step.name!r} of type {before.get('type')} in {step.namespace}",
            f"choose another name, or delete it: kubectl -n {step.namespace} delete secret {step.name}",
        )
    return error


async def _link(api: Api, step: KubernetesPullSecret, account: str, ctx: Context) -> bool:
    path = f"/api/v1/namespaces/{step.namespace}/serviceaccounts/{account}"
    end = end_of(ctx, _ACCOUNT_WITHIN)
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
    """Write the whole list, which no kind of merge joins; return False if the account changed meanwhile."""
    body = {"metadata": {"resourceVersion": found["metadata"]["resourceVersion"]}, "imagePullSecrets": linked}
    try:
        await api.request("PATCH", path, body=body, content_type=MERGE)
    except ApiError as error:
        if error.status == 409:
            return False
        raise
    return True
