"""The one rule that says which values are secret, and texts without them.

A value is secret if the plan names it in `secrets`, if its key says so (`password`, `API_TOKEN`), or if it
looks random. Names of users, databases and hosts are public, and so are words that hide nothing (`postgres`,
`true`), even where a Kubernetes Secret holds them.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, unquote

from tui.text import ESCAPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK = "•••"
_SHORTEST = 3  # a shorter value would blot out ordinary text and hides nothing
_WORD = 8  # a shorter word of lower case letters, or a number, is masked only where it stands alone
_MOST_PATTERNS = 64

_SECRET_KEY = re.compile(
    r"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|(?:api|access|private|secret|signing|encryption|account)_?key"
    r"|credential|authorization|dockerconfigjson|dockercfg|tls_key|id_rsa|id_ed25519|cookie)"
    r"(?:s|_(?:value|base64|b64|hash|plain))?$"
)
_PUBLIC_KEY = re.compile(
    r"(?:user|user_?name|login|role|owner|database|db|db_?name|schema|host|host_?name|server|port|name|namespace"
    r"|e?mail|region|scheme|protocol|registry|path|file|ssl_?mode|type|kind)$"
)
_NO_SECRET_KEY = re.compile(r"(?:^|_)(?:pull|tls|image_pull)_?secrets?$|^secrets$|^(?:by|com)pass$")
_HIDES_NOTHING = re.compile(
    "true|false|null|none|yes|no|on|off|enabled|disabled|auto|default|required|optional|trust|md5|basic|bearer"
    "|admin|administrator|changeme|example|guest|minio|mongo|mysql|nobody|password|postgres|postgresql|redis|root"
    "|secret|test|user",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"[a-zA-Z][\w+.-]*://[^\s/:@'\"]*:([^\s@/'\"]+)@")
_OF_A_SECRET = {"files", "literals", "envs"}
_ASSIGNED = re.compile(r"(?:^|[\s;&?,'\"])-{0,2}([A-Za-z_][\w.-]*)=(?:\"([^\"]*)\"|'([^']*)'|([^\s;&'\"]+))")
_OPTION = re.compile(r"(?:^|\s)--([A-Za-z][\w-]*)\s+(?:\"([^\"]*)\"|'([^']*)'|([^\s;&'\"-][^\s;&'\"]*))")
_LINE = re.compile(r"^\s*(?:export\s+)?[\"']?([\w.-]+)[\"']?\s*[:=]\s*[\"']?(.*?)[\"']?\s*,?$")
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{20,}")


def is_secret_key(key: str) -> bool:
    """Return whether a value under this key is a secret: `POSTGRES_PASSWORD`, `apiKey`, `redis-token`."""
    name = _normal(key)
    return bool(_SECRET_KEY.search(name)) and not _NO_SECRET_KEY.search(name)


def is_public_key(key: str) -> bool:
    """Return whether a value under this key is the name of a user, a database, a host or the like."""
    return bool(_PUBLIC_KEY.search(_normal(key)))


@lru_cache(1024)
def _normal(key: str) -> str:
    return re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", key).replace("-", "_").replace(".", "_").strip("_").lower()


def secrets_in(value: object, key: str = "", *, declared: bool = False) -> Iterator[str]:
    """Yield the secrets among the scalars of a value.

    Args:
        value: Mappings, lists and scalars.
        key: The key that the value stands under.
        declared: The value is declared secret as a whole, as the data of a Kubernetes Secret is: then only
            public names and words that hide nothing are left out.
    """
    pending = [(key, value)]
    found: dict[str, None] = {}
    public: set[str] = set()
    while pending:
        name, item = pending.pop()
        if isinstance(item, dict):
            names_one = "secret" in item and bool(_OF_A_SECRET & item.keys())  # a Kubernetes Secret of a plan
            if names_one:
                found |= dict.fromkeys(secrets_in(item.get("literals"), declared=True))
            pending += [
                (str(each), inner) for each, inner in item.items() if not (names_one and each == "secret")
            ]
            if isinstance(item.get("name"), str) and isinstance(item.get("value"), str):
                pending.append((item["name"], item["value"]))  # an environment variable of a manifest
        elif isinstance(item, list | tuple):
            pending += [(_option_before(item, at) or name, inner) for at, inner in enumerate(item)]
        elif isinstance(item, str | int | float) and not isinstance(item, bool):
            found |= dict.fromkeys((*_in_scalar(str(item), name, declared), *_in_json(str(item))))
            public |= {str(item)} if is_public_key(name) else set()
    yield from (secret for secret in found if secret not in public)


def _in_json(text: str) -> Iterator[str]:
    """Yield the secrets of a text that is JSON, such as an account's key file, by their keys."""
    if text.lstrip().startswith("{"):
        with contextlib.suppress(ValueError, RecursionError):
            yield from secrets_in(json.loads(text))


def _option_before(items: list[object] | tuple[object, ...], at: int) -> str:
    """Return the name of the option whose argument an item is: `--password` before it."""
    before = items[at - 1] if at else None
    return (
        before.lstrip("-") if isinstance(before, str) and before.startswith("-") and "=" not in before else ""
    )


def _in_scalar(text: str, key: str, declared: bool) -> Iterator[str]:
    if "PRIVATE KEY-----" in text:
        yield text
    elif "\n" in text.strip():
        yield from _in_lines(text, key, declared)
    elif _is_secret(text, key, declared):
        yield text
        scheme, _, rest = text.partition(" ")
        if scheme.lower() in {"bearer", "basic", "token"} and rest:
            yield rest
    else:
        yield from _in_text(text)


def _in_lines(text: str, key: str, declared: bool) -> Iterator[str]:
    """Yield the secrets in several lines: a configuration's by their keys, else all of a declared secret."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "//"))]
    pairs = [match for line in lines if (match := _LINE.match(line))]
    if (declared or is_secret_key(key)) and 2 * len(pairs) < len(lines):
        yield text
        return
    for match in pairs:
        if is_secret_key(match[1]) and _is_secret(match[2], match[1], declared=False):
            yield match[2]
    yield from _in_text(text)


def _in_text(text: str) -> Iterator[str]:
    """Yield the passwords of URLs and what is assigned to secret names within a text."""
    if "://" in text:
        for found in _IN_URL.findall(text):
            yield from {found, unquote(found)}
    for pattern in (_ASSIGNED, _OPTION) if "=" in text or "--" in text else ():
        for name, *values in pattern.findall(text):
            found = "".join(values)
            if is_secret_key(name) and _is_secret(found, name, declared=False):
                yield from {found, unquote(found)}
    yield from filter(_looks_random, _RANDOM.findall(text))


def _is_secret(text: str, key: str, declared: bool) -> bool:
    value = text.strip()
    if len(value) < _SHORTEST or _HIDES_NOTHING.fullmatch(value) or value.startswith(("$", MASK)):
        return False
    if is_secret_key(key):
        return True
    if not declared:
        return False
    return not is_public_key(key) and not re.fullmatch(r"\d+|[a-z]+([._-][a-z]+)*", value)


def _looks_random(text: str) -> bool:
    """Return whether a word is random: many different characters of all classes, as tokens have.

    Digests, which are hexadecimal, and paths are not.
    """
    classes = [any(map(kind, text)) for kind in (str.isupper, str.islower, str.isdigit)]
    if not all(classes) or text.count("/") > 1 or text.count("-") > 2:
        return False
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts) >= 3.7


class Masker:
    """Replaces secrets in texts: those that it is made with, and those added later."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: list[str] = []  # the longest first
        self._cores: list[str] = []  # each form holds one of them
        self._alone: set[str] = set()  # forms that are masked only where they stand alone
        self._pattern = lru_cache(_MOST_PATTERNS)(self._any_of)
        for secret in secrets:
            self.add(secret)

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to mask."""
        return not self._forms

    def add(self, secret: str) -> None:
        """Mask a value from now on, plain, base64 and URL-encoded; each line of several on its own too."""
        values = {value for value in (secret, *secret.splitlines()) if len(value.strip()) >= _SHORTEST}
        self._alone |= set(filter(_is_word, values))
        new = set[str]().union(*map(_forms, values)).difference(self._forms)
        self._forms = sorted((*self._forms, *new), key=len, reverse=True)
        for form in sorted(new, key=len):
            if not any(core in form for core in self._cores):
                self._cores.append(form)

    def mask(self, text: str) -> str:
        """Return the text without secrets, with as many lines as before.

        Looking for one string after the other costs far less than one pattern of all of them.
        """
        if "\x1b" in text:
            uncoloured = ESCAPE.sub("", text)
            if any(uncoloured.count(core) > text.count(core) for core in self._cores):
                text = uncoloured  # colours that begin or end within a secret would hide it from this search
        if not any(map(text.__contains__, self._cores)):
            return text
        found = tuple(form for form in self._forms if form in text)
        return self._pattern(found).sub(_masked_lines, text)

    def mask_cut(self, text: str) -> str:
        """Return the text without secrets, and without the beginning of one that `…` cuts off."""
        text = self.mask(text)
        for form in self._forms if "…" in text else ():
            for length in range(len(form) - 1, _SHORTEST, -1):
                text = text.replace(f"{form[:length]}…", f"{MASK}…")
        return text

    def _any_of(self, forms: tuple[str, ...]) -> re.Pattern[str]:
        alone = r"(?<![A-Za-z0-9]){}(?![A-Za-z0-9])"
        texts = (alone.format(re.escape(form)) if form in self._alone else re.escape(form) for form in forms)
        return re.compile("|".join(texts))


def masked(value: Any, masker: Masker) -> Any:
    """Return JSON-like data with the secrets in its texts masked; keys stay."""
    if isinstance(value, dict):
        return {key: masked(item, masker) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [masked(item, masker) for item in value]
    return masker.mask(value) if isinstance(value, str) else value


def _masked_lines(match: re.Match[str]) -> str:
    return "\n".join([MASK] * (match[0].count("\n") + 1))


def _is_word(value: str) -> bool:
    return (
        len(value) <= _SHORTEST
        or value.isdigit()
        or (len(value) < _WORD and bool(re.fullmatch("[a-z]+", value)))
    )


def _forms(value: str) -> set[str]:
    """Return the ways in which a value may be written."""
    data = value.encode()
    if len(value) <= _SHORTEST:
        return {value, base64.b64encode(data).decode()}
    percent = {quote(value, safe=""), quote(value), quote_plus(value)}
    forms = {value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], *percent}
    forms |= {re.sub("%[0-9A-F]{2}", lambda m: m[0].lower(), text) for text in percent}
    forms |= {value.replace("'", "'\\''"), data.hex()}
    for encoded in _base64(data):
        forms |= {encoded, encoded.replace("+", "-").replace("/", "_"), quote(encoded, safe="")}
    return {form for form in forms if len(form) > _SHORTEST}


def _base64(data: bytes) -> set[str]:
    """Return a value's base64, alone and inside a longer text: there it may begin at any of three offsets."""
    whole = base64.b64encode(data).decode()
    forms = {whole, whole.rstrip("=")}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + data).decode().rstrip("=")
        begin = -(-offset * 8 // 6)
        end = (offset + len(data)) * 8 // 6
        if end - begin >= 8:
            forms.add(encoded[begin:end])
    return forms
