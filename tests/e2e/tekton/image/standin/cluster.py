"""The little of the Kubernetes API that the webhook needs, through its service account."""

from __future__ import annotations

import json
import os
import ssl
import urllib.request
from pathlib import Path
from typing import Any

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT_SECONDS = 10


class Cluster:
    """Speaks to the API server of the cluster that this pod runs in."""

    def __init__(self) -> None:
        """Take the address from the environment and the credentials from the service account."""
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        self._address = f"https://{host}:{port}"
        self._trust = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
        self.namespace = (_ACCOUNT / "namespace").read_text().strip()

    def deployment_is_available(self, name: str) -> bool:
        """Tell whether a Deployment in this namespace has the condition Available.

        Raises:
            OSError: The API server did not answer, or refused.
        """
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}"
        conditions = self._call("GET", path).get("status", {}).get("conditions", [])
        return any(each["type"] == "Available" and each["status"] == "True" for each in conditions)

    def set_ca_bundle(self, configuration: str, ca_bundle: str) -> None:
        """Make the API server trust the first webhook of a configuration.

        Args:
            configuration: Name of the ValidatingWebhookConfiguration.
            ca_bundle: The certificate as PEM, in base64.

        Raises:
            OSError: The API server did not answer, or refused.
        """
        path = f"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/{configuration}"
        change = {"op": "add", "path": "/webhooks/0/clientConfig/caBundle", "value": ca_bundle}
        self._call("PATCH", path, [change])

    def _call(self, method: str, path: str, patch: list[dict[str, str]] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(self._address + path, method=method)
        # Read each time: the kubelet renews the token.
        request.add_header("Authorization", f"Bearer {(_ACCOUNT / 'token').read_text().strip()}")
        if patch is not None:
            request.add_header("Content-Type", "application/json-patch+json")
            request.data = json.dumps(patch).encode()
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS, context=self._trust) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
