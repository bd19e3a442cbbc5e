"""Certificates of servers, each by an authority that is made for it; it loads `cryptography`."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LIVES = timedelta(days=365)
_BEFORE = timedelta(hours=1)  # clocks of nodes may be behind
_LEFT = timedelta(days=1)
_LONGEST = 64  # characters of a common name


def is_kept(data: Mapping[str, bytes], names: Sequence[str], now: datetime) -> bool:
    """Return whether a Secret's certificate can be used on; blocks.

    Args:
        data: What the Secret holds.
        names: The names that the certificate must be for, and no others.
        now: From when on it is to be valid for more than a day.
    """
    try:
        certificate = x509.load_pem_x509_certificate(data["tls.crt"])
        authority = x509.load_pem_x509_certificate(data["ca.crt"])
        key = load_pem_private_key(data["tls.key"], password=None)
        certificate.verify_directly_issued_by(authority)
        given = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (KeyError, ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    until = min(each.not_valid_after_utc for each in (certificate, authority))
    return (
        certificate.not_valid_before_utc <= now < until - _LEFT
        and {str(each.value) for each in given} == set(names)
        and key.public_key() == certificate.public_key()
    )


def valid_until(data: Mapping[str, bytes]) -> datetime:
    """Return until when a Secret's certificate is valid; blocks."""
    return x509.load_pem_x509_certificate(data["tls.crt"]).not_valid_after_utc


def make(names: Sequence[str]) -> dict[str, bytes]:
    """Make an authority, and by it a server's certificate; blocks.

    The authority's key is not kept: nobody can have it sign anything else.

    Args:
        names: The server's DNS names and addresses.

    Returns:
        `ca.crt`, `tls.crt` and `tls.key`, as PEM.
    """
    signer, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    identifier = x509.SubjectKeyIdentifier.from_public_key(signer.public_key())
    authority = (
        _begun("bringup", signer.public_key(), is_authority=True)
        .add_extension(identifier, critical=False)
        .sign(signer, hashes.SHA256())
    )
    subject = names[0] if len(names[0]) <= _LONGEST else ""
    others = x509.SubjectAlternativeName([_general(name) for name in names])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)
    certificate = (
        _begun(subject, key.public_key(), is_authority=False)
        .add_extension(others, critical=not subject)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer, hashes.SHA256())
    )
    return {
        "ca.crt": authority.public_bytes(Encoding.PEM),
        "tls.crt": certificate.public_bytes(Encoding.PEM),
        "tls.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    }


def _begun(subject: str, public: ec.EllipticCurvePublicKey, *, is_authority: bool) -> x509.CertificateBuilder:
    """Return the beginning of a certificate that bringup's authority issues."""
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name("bringup"))
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BEFORE)
        .not_valid_after(now + _LIVES)
        .add_extension(
            x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True
        )
        .add_extension(usage, critical=True)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def _general(name: str) -> x509.GeneralName:
    """Return a name as certificates have it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
