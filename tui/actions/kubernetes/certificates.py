"""Servers' certificates as Secrets, each by an authority of its own that webhooks are told of."""

from __future__ import annotations

import asyncio
import base64
import binascii
import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tui.plan.manifests import THE_PLAN, Manifest
from tui.plan.replacing import service_clients

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api, Object
    from tui.plan.steps import Certificate

_TYPE = "kubernetes.io/tls"


async def with_certificates(
    manifests: Sequence[Manifest], wanted: Sequence[Certificate], namespace: str, api: Api, ctx: Context
) -> list[Manifest]:
    """Return manifests with the Secrets of certificates first, and with the `caBundle` of their services.

    A certificate that is in the cluster is kept while it is for the same names and valid for more than a day.
    """
    secrets: list[Manifest] = []
    bundles: dict[str, str] = {}
    for each in wanted:
        found = await api.find(f"/api/v1/namespaces/{namespace}/secrets/{each.name}")
        data, note = await asyncio.to_thread(_kept_or_made, _data(found), each)
        if note:
            ctx.log(note)
        ctx.secret(data["tls.key"].decode())
        encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        metadata = {"name": each.name, "namespace": namespace}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": _TYPE, "data": encoded}
        secrets.append(Manifest(body, THE_PLAN))
        bundles |= dict.fromkeys(each.names, encoded["ca.crt"])
    return [*secrets, *(_with_bundles(each, bundles, ctx) for each in manifests)]


def _data(found: Object | None) -> dict[str, bytes]:
    held = (found or {}).get("data") or {}
    try:
        return {key: base64.b64decode(value) for key, value in held.items() if value}
    except binascii.Error:
        return {}


def _kept_or_made(data: dict[str, bytes], wanted: Certificate) -> tuple[dict[str, bytes], str]:
    """Return what a Secret is to hold, and a note where that is what it holds; blocks."""
    from tui.actions.kubernetes.x509 import is_kept, make, valid_until

    if not data or not is_kept(data, wanted.names, datetime.now(UTC)):
        return make(wanted.names), ""
    until = f"{valid_until(data):%Y-%m-%d %H:%M} UTC"
    return data, f"secret/{wanted.name} is kept: its certificate is valid until {until}"


def _with_bundles(manifest: Manifest, bundles: Mapping[str, str], ctx: Context) -> Manifest:
    """Return a manifest whose clients of a certificate's service know its authority, unless they know one."""
    body = copy.deepcopy(manifest.body)
    told = False
    for client in service_clients(body):
        service = client["service"]
        host = f"{service.get('name')}.{service.get('namespace') or 'default'}.svc"
        if (bundle := bundles.get(host)) and not client.get("caBundle"):
            client["caBundle"] = bundle
            told = True
    if told:
        ctx.log(f"{manifest.title} gets the certificate's authority as its caBundle")
    return replace(manifest, body=body) if told else manifest
