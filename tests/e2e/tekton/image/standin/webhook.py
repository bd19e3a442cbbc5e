"""The admission webhook, which answers some time after its Deployment has become Available."""

from __future__ import annotations

import base64
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .cluster import Cluster
from .serving import Certificate, serve_admission

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from .logs import Log

SERVICE = DEPLOYMENT = "tekton-pipelines-webhook"
CONFIGURATION = "validation.webhook.pipeline.tekton.dev"
_ADMISSION_PORT = 8443
_RETRY_SECONDS = 0.5
_DEFAULT_DELAY_SECONDS = "6"


def run_webhook(log: Log, stop: threading.Event) -> None:
    """Become trusted by the API server, wait as long as the real one would, and begin to answer."""
    delay = float(os.environ.get("ADMISSION_DELAY_SECONDS", _DEFAULT_DELAY_SECONDS))
    cluster = Cluster()
    certificate = _make_certificate(cluster.namespace)
    ca_bundle = base64.b64encode(certificate.certificate.read_bytes()).decode()

    def trust() -> bool:
        cluster.set_ca_bundle(CONFIGURATION, ca_bundle)
        return True

    _until(trust, log, stop)
    log.info("certificate published", configuration=CONFIGURATION)
    _until(lambda: cluster.deployment_is_available(DEPLOYMENT), log, stop)
    log.info("deployment is available, admission is not answered yet", seconds=delay)
    if stop.wait(delay):
        return
    serve_admission(_ADMISSION_PORT, certificate)
    log.info("admission is answered", port=_ADMISSION_PORT)
    stop.wait()


def _until(succeeds: Callable[[], bool], log: Log, stop: threading.Event) -> None:
    """Try until it succeeds or the pod is told to stop; a refusal is logged and tried again."""
    while not stop.is_set():
        try:
            if succeeds():
                return
        except OSError as error:
            log.warning("the API server refused", error=str(error))
        stop.wait(_RETRY_SECONDS)


def _make_certificate(namespace: str) -> Certificate:
    """Make a certificate, signed by itself, for the webhook's Service."""
    directory = Path(tempfile.mkdtemp(prefix="webhook-"))
    made = Certificate(directory / "tls.crt", directory / "tls.key")
    name = f"{SERVICE}.{namespace}.svc"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-noenc", "-days", "365", "-subj", f"/O=stand-in/CN={SERVICE}"]
    command += ["-addext", f"subjectAltName=DNS:{name},DNS:{name}.cluster.local"]
    command += ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return made
