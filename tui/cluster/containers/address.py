"""The address of a node that is started again, which may be another one than before."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tui.clients.engine_api import EngineApi
    from tui.cluster.provider import Node

_CERTIFICATE = "/etc/kubernetes/pki/apiserver.crt"
# The node's first process writes the new address into its files; kubeadm must not be asked before.
_RENEW = """\
for try in $(seq 50); do grep -qF "$0" /kind/kubeadm.conf && break; sleep 0.1; done
cd /etc/kubernetes/pki && mkdir -p /tmp/old && mv apiserver.crt apiserver.key /tmp/old/ &&
  kubeadm init phase certs apiserver --config /kind/kubeadm.conf || cp /tmp/old/apiserver.* .
"""


async def renew_certificate(api: EngineApi, node: Node) -> None:
    """Have the API server's certificate made again where it is not for the address that a node now has.

    Newer images of kind's nodes do so by themselves. Without it, the controllers and the scheduler, which
    call the API server by its address, never reach it again.

    Args:
        api: The API of the engine that the node runs in.
        node: The node, which has just been started.
    """
    if node.role != "control-plane":
        return
    with contextlib.suppress(ActionError, ValueError):  # what does not work then is told by the wait
        addresses = _addresses(await api.inspect(node.id))
        status, text = await api.run_in(node.id, ("cat", _CERTIFICATE))
        if status or not addresses or await asyncio.to_thread(is_for, text, addresses):
            return
        await api.run_in(node.id, ("sh", "-c", _RENEW, addresses[0]))


def _addresses(inspected: Mapping[str, Any]) -> list[str]:
    """Return the addresses that a container has in its networks while it runs, those of IPv4 first."""
    networks = inspected["NetworkSettings"]["Networks"].values()
    return [each[key] for key in ("IPAddress", "GlobalIPv6Address") for each in networks if each.get(key)]


def is_for(certificate: str, addresses: list[str]) -> bool:
    """Return whether a certificate, as PEM, names one of some addresses; blocks.

    Raises:
        ValueError: It is no certificate.
    """
    from cryptography import x509  # only a start of a stopped cluster needs it

    found = x509.load_pem_x509_certificate(certificate.encode())
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return not {*addresses}.isdisjoint(map(str, names.get_values_for_type(x509.IPAddress)))
