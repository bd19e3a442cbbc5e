"""How to reach a cluster, by its kubeconfig file."""

from __future__ import annotations

import base64
import re
import ssl
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tui.clients.kubernetes.exec_login import Login
from tui.errors import ActionError

_LOGINS = ("auth-provider", "username")
_ANEW = (
    "`kubectl config view` shows what it says; kind writes that of its cluster anew: "
    "kind export kubeconfig --name CLUSTER --kubeconfig FILE"
)


@dataclass(frozen=True, slots=True)
class Access:
    """An API server's address and what it is shown.

    Attributes:
        server: Its URL, without a slash at the end.
        authority: Its certificate authority, as PEM; the system's own where empty.
        certificate: The client's certificate, as PEM.
        key: The client's key, as PEM.
        token: A bearer token.
        login: The program that logs in, where nothing of the above is given.
        server_name: The name that its certificate must bear, where that is not the URL's.
        insecure: Whether its certificate is not looked at.
        proxy: URL of the HTTP proxy that it is reached through; None for that of the environment, if any.
        namespace: The context's namespace, which kubectl takes where none is named; empty if it has none.
    """

    server: str
    authority: bytes = b""
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    token: str = field(default="", repr=False)
    login: Login | None = field(default=None, repr=False)
    server_name: str | None = None
    insecure: bool = False
    proxy: str | None = None
    namespace: str = ""

    def tls(self) -> ssl.SSLContext:
        """Return how the connection is secured, by the rules of kubectl.

        Raises:
            ActionError: A certificate or key cannot be used.
        """
        try:
            context = ssl.create_default_context(cadata=self.authority.decode() or None)
            # Clusters' own authorities lack what RFC 5280 asks for, and Python 3.13 insists on.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if self.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if self.certificate:
                self._load_certificate(context)
        except (ssl.SSLError, ValueError) as error:
            why = re.sub(r" \(_ssl\.c:\d+\)", "", str(error))
            raise ActionError(f"the kubeconfig's certificates cannot be used: {why}", _ANEW) from error
        return context

    def _load_certificate(self, context: ssl.SSLContext) -> None:
        with tempfile.TemporaryDirectory(prefix="bringup-") as folder:  # OpenSSL takes the key as a file only
            pair = Path(folder) / "pair.pem"
            pair.write_bytes(self.certificate + b"\n" + self.key)
            context.load_cert_chain(pair)


def read_access(path: Path, context: str = "") -> Access:
    """Read how to reach the cluster of a kubeconfig's context.

    Certificates and tokens are read; a program that the file names for a login is not started.

    Args:
        path: The kubeconfig file; it may lead to other clusters too.
        context: The name of the context; the file's current one if empty.

    Raises:
        ActionError: There is no such file, or it cannot be used.
    """
    config = _read(path)
    try:
        return access_of(config, path.parent, context)
    except ValueError as error:
        raise ActionError(f"the kubeconfig {path} is not complete: {error}", _ANEW) from error
    except OSError as error:
        cause = f"the kubeconfig {path} names a file that cannot be read: {error.filename}: {error.strerror}"
        raise ActionError(cause, _ANEW) from error


def access_of(config: dict[str, Any], folder: Path, context: str = "") -> Access:
    """Return how to reach the cluster of a context.

    Args:
        config: What a kubeconfig says.
        folder: The directory that the paths in it begin at.
        context: The name of the context; the current one if empty.

    Raises:
        ValueError: It is not complete.
        OSError: A file that it names cannot be read.
        ActionError: Its user logs in by what is not supported.
    """
    chosen = _named(config, "context", context or config.get("current-context"))
    cluster = _named(config, "cluster", chosen.get("cluster"))
    user = _named(config, "user", chosen["user"]) if chosen.get("user") else {}
    return replace(_access(cluster, user, folder), namespace=str(chosen.get("namespace") or ""))


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except FileNotFoundError:
        raise ActionError(
            f"there is no kubeconfig at {path}",
            "the cluster does not exist yet: put cluster.create before this step",
        ) from None
    except OSError as error:
        raise ActionError(f"cannot read the kubeconfig {path}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:  # its own text may quote a token
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark else ""
        raise ActionError(f"the kubeconfig {path} is not YAML{line}", _ANEW) from None
    if not isinstance(config, dict):
        raise ActionError(f"the kubeconfig {path} is {'empty' if config is None else 'no mapping'}", _ANEW)
    return config


def _named(config: dict[str, Any], kind: str, name: Any) -> dict[str, Any]:
    """Return the part of a kubeconfig of a kind and name.

    Raises:
        ValueError: It has none.
    """
    if not name:
        raise ValueError(f"it does not say which {kind} to use")
    entries = config.get(f"{kind}s")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(kind), dict):
            found: dict[str, Any] = entry[kind]
            return found
    raise ValueError(f"it has no {kind} {name}")


def _access(cluster: dict[str, Any], user: dict[str, Any], folder: Path) -> Access:
    if login := next((login for login in _LOGINS if login in user), None):
        raise ActionError(
            f"the kubeconfig's user logs in by {login!r}, which is not supported",
            "use a kubeconfig with a certificate, a token, or a program for the login (`exec`)",
        )
    server = _text(cluster, "server").rstrip("/")
    if not server:
        raise ValueError("its cluster has no server")
    authority = _content(cluster, "certificate-authority", folder)
    certificate = _content(user, "client-certificate", folder)
    insecure = bool(cluster.get("insecure-skip-tls-verify"))
    if "://" not in server:  # as kubectl completes it
        server = f"{'https' if authority or certificate or insecure else 'http'}://{server}"
    token, asked = _token(user, folder), user.get("exec")
    return Access(
        server=_url(server, "server"),
        authority=authority,
        certificate=certificate,
        key=_content(user, "client-key", folder),
        token=token,
        login=Login.of(asked, cluster) if isinstance(asked, dict) and not token else None,
        server_name=_text(cluster, "tls-server-name") or None,
        insecure=insecure,
        proxy=_url(_text(cluster, "proxy-url"), "proxy-url") or None,
    )


def _text(entry: dict[str, Any], key: str) -> str:
    """Return the text of a key; empty where it is absent.

    Raises:
        ValueError: It is something else.
    """
    value = entry.get(key)
    if isinstance(value, bool | dict | list):
        raise ValueError(f"its {key} is no text")
    return "" if value is None else str(value)


def _url(text: str, key: str) -> str:
    """Return a URL as it is.

    Raises:
        ValueError: It is none, or none that is supported.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address that is none
        usable = False
    if text and not usable:  # it is not quoted, as that of a proxy may hold a password
        raise ValueError(f"its {key} is no URL that begins with http:// or https://")
    return text


def _content(entry: dict[str, Any], key: str, folder: Path) -> bytes:
    if data := _text(entry, f"{key}-data"):
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except ValueError:
            raise ValueError(f"{key}-data is not base64") from None
    return (folder / path).read_bytes() if (path := _text(entry, key)) else b""


def _token(user: dict[str, Any], folder: Path) -> str:
    token = _text(user, "token")
    if not token and (path := _text(user, "tokenFile")):
        token = (folder / path).read_text().strip()
    if not token.isascii() or not token.isprintable():
        raise ValueError("its token has characters that no token has")
    return token
