"""What a file holds in place of what it should: a pointer, ciphertext, a page, an archive, a conflict."""

from __future__ import annotations

import re
from typing import NamedTuple

from tui.plan.faults import Place, PlanError

DECRYPT = "have a `command` step before decrypt it into another file, and name that one"
_RAW = "fetch the file anew, in its raw form: servers answer with pages to errors, logins and browsers"

_BEGINNINGS: dict[str, tuple[str, str]] = {
    r"version https://git-lfs\.github\.com/": (
        "is a pointer of Git LFS, not the file itself",
        "fetch the file: `git lfs pull`",
    ),
    r"\0GITCRYPT\0": ("is encrypted by git-crypt", "decrypt the checkout: `git-crypt unlock`"),
    r"\$ANSIBLE_VAULT;": ("is encrypted by Ansible Vault", DECRYPT),
    r"age-encryption\.org/|-----BEGIN AGE ENCRYPTED": ("is encrypted by age", DECRYPT),
    r"-----BEGIN PGP MESSAGE": ("is encrypted by PGP", DECRYPT),
    r"\s*<(?:!doctype\s|html\b|head\b|\?xml\s)": ("is a page of HTML or XML", _RAW),
    r"\d{3}:? (?:Not Found|Forbidden|Unauthorized)\s*\Z": (
        "is a server's refusal, not the file itself",
        _RAW,
    ),
    r"\x1f\x8b|PK\x03\x04|\x28\xb5\x2f\xfd|BZh": ("is compressed", "unpack it, and name what is in it"),
}
_KNOWN = [
    (re.compile(pattern.encode("latin-1"), re.IGNORECASE), *said) for pattern, said in _BEGINNINGS.items()
]
_MOST = 256
_CONFLICT = re.compile(rb"^<<<<<<< .*?^=======\r?$.*?^>>>>>>> ", re.MULTILINE | re.DOTALL)


class Instead(NamedTuple):
    """What a file holds in place of what it should.

    Attributes:
        line: The line that shows it, counted from one.
        cause: What it is, for after the file's name.
        hint: What to do.
    """

    line: int
    cause: str
    hint: str


def held_instead(data: bytes) -> Instead | None:
    """Return what a file holds in place of text that its user wrote; None if nothing shows that."""
    beginning = data[:_MOST].removeprefix(b"\xef\xbb\xbf")
    for pattern, cause, hint in _KNOWN:
        if pattern.match(beginning):
            return Instead(1, cause, hint)
    if b"<<<<<<< " in data and (found := _CONFLICT.search(data)):
        line = data.count(b"\n", 0, found.start()) + 1
        return Instead(line, "has a conflict that Git left", "settle it, and take Git's three lines out")
    return None


def check_contents(data: bytes, name: str) -> None:
    """Refuse a file that holds something in place of what it should.

    Args:
        data: What it holds.
        name: Its name in errors.

    Raises:
        PlanError: It does; with its line.
    """
    if found := held_instead(data):
        raise PlanError.at(Place(name, found.line), found.cause, found.hint)
