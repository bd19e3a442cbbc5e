"""Why a server did not answer, in the system's words."""

from __future__ import annotations

import os

import aiohttp


def reason(error: BaseException) -> str:
    """Return why a connection or a request failed, in a few words; many errors have no text of their own."""
    if isinstance(error, TimeoutError):
        return "it took too long"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy at {error.host}:{error.port} does not answer: {_of_system(error.os_error)}"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"its proxy refused: {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"{error.host}: {error.os_error.strerror or 'name not known'}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted: {distrust(error)}"
    if isinstance(error, aiohttp.ClientSSLError):  # its number is OpenSSL's, not the system's
        why = getattr(error.os_error, "reason", None) or str(error.os_error)
        return f"TLS failed: {why.replace('_', ' ').lower()}"
    if isinstance(error, aiohttp.ClientResponseError):
        return error.message.partition("\n")[0].rstrip(":")
    return _of_system(error)


def distrust(error: aiohttp.ClientConnectorCertificateError) -> str:
    """Return why a certificate is not trusted, in OpenSSL's words."""
    return getattr(error.certificate_error, "verify_message", "") or str(error.certificate_error)


def _of_system(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__  # a name that is not found has a number of its own
