"""Servers' certificates as Secrets, each by an authority of its own that webhooks are told of."""

from __future__ import annotations

import asyncio
import base64
import binascii
import copy
import ipaddress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tui.plan.manifests import Manifest
from tui.plan.replacing import service_clients

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tui.actions.context import Context
    from tui.clients.kubernetes.api import Api, Object
    from tui.plan.steps import Certificate

_TYPE = "kubernetes.io/tls"
_LIVES = timedelta(days=365)
_BEFORE = timedelta(hours=1)  # clocks of nodes may be behind
_LEFT = timedelta(days=1)
_LONGEST = 64  # characters of a common name


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
        data = _data(found)
        kept = bool(found) and await asyncio.to_thread(is_kept, data, each.names, datetime.now(UTC))
        if kept:
            ctx.log(f"secret/{each.name} is kept: its certificate is valid until {await _until(data)}")
        else:
            data = await asyncio.to_thread(make, each.names)
        ctx.secret(data["tls.key"].decode())
        encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        metadata = {"name": each.name, "namespace": namespace}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": _TYPE, "data": encoded}
        secrets.append(Manifest(body, "the plan"))
        bundles |= dict.fromkeys(each.names, encoded["ca.crt"])
    return [*secrets, *(_with_bundles(each, bundles, ctx) for each in manifests)]


def _data(found: Object | None) -> dict[str, bytes]:
    try:
        return {
            key: base64.b64decode(value) for key, value in ((found or {}).get("data") or {}).items() if value
        }
    except binascii.Error:
        return {}


async def _until(data: dict[str, bytes]) -> str:
    from cryptography import x509

    certificate = await asyncio.to_thread(x509.load_pem_x509_certificate, data["tls.crt"])
    return f"{certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"


def _with_bundles(manifest: Manifest, bundles: dict[str, str], ctx: Context) -> Manifest:
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


def is_kept(data: dict[str, bytes], names: Sequence[str], now: datetime) -> bool:
    """Return whether a Secret's certificate can be used on; blocks.

    Args:
        data: What the Secret holds.
        names: The names that the certificate must be for, and no others.
        now: From when on it is to be valid for more than a day.
    """
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        certificate = x509.load_pem_x509_certificate(data["tls.crt"])
        authority = x509.load_pem_x509_certificate(data["ca.crt"])
        key = load_pem_private_key(data["tls.key"], password=None)
        certificate.verify_directly_issued_by(authority)
        given = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (KeyError, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    lasts = min(each.not_valid_after_utc for each in (certificate, authority)) - now > _LEFT
    return (
        lasts
        and certificate.not_valid_before_utc <= now
        and {str(each.value) for each in given} == set(names)
        and key.public_key() == certificate.public_key()
    )


def make(names: Sequence[str]) -> dict[str, bytes]:
    """Make an authority, and by it a server's certificate; blocks.

    The authority's key is not kept: nobody can have it sign anything else.

    Args:
        names: The server's DNS names and addresses.

    Returns:
        `ca.crt`, `tls.crt` and `tls.key`, as PEM.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bringup")])
    common = [x509.NameAttribute(NameOID.COMMON_NAME, names[0])] if len(names[0]) <= _LONGEST else []
    identifier = x509.SubjectKeyIdentifier.from_public_key(signer.public_key())
    usage = dict.fromkeys(
        ("data_encipherment", "key_agreement", "content_commitment", "encipher_only", "decipher_only"), False
    )

    def begun(subject: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BEFORE)
            .not_valid_after(now + _LIVES)
        )

    authority = (
        begun(issuer, signer.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_encipherment=False, key_cert_sign=True, crl_sign=True, **usage
            ),
            critical=True,
        )
        .add_extension(identifier, critical=False)
        .sign(signer, hashes.SHA256())
    )
    certificate = (
        begun(x509.Name(common), key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_encipherment=True, key_cert_sign=False, crl_sign=False, **usage
            ),
            critical=True,
        )
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=not common)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(signer, hashes.SHA256())
    )
    return {
        "ca.crt": authority.public_bytes(Encoding.PEM),
        "tls.crt": certificate.public_bytes(Encoding.PEM),
        "tls.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }


def _general(name: str) -> Any:
    """Return a name as certificates have it."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
