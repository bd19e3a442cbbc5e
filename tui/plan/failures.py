"""Failures known from the field by their text, with what helps.

A retry names the failures that it applies to, since one that applies to all hides flakes and destroys the
diagnosis.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from tui.plan.values import Frozen

if TYPE_CHECKING:
    from collections.abc import Iterable


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return pattern


class Signature(Frozen):
    """A failure known by its text, and what helps against it."""

    pattern: Annotated[str, Field(min_length=1), AfterValidator(_compiles)] = Field(
        description="Regular expression, searched for in the error and the last lines."
    )
    hint: str = Field("", description="What helps against it, shown when the task has failed.")


def _known(*patterns: str, hint: str) -> Signature:
    return Signature(pattern="(?i)" + "|".join(patterns), hint=hint)


_STATUS = r"\b(?:status|http(?:/\d(?:\.\d)?)?|code|answered)\W{0,3}(?:code\W{0,3})?"

# The more a failure says, the earlier it stands here: `recognise` takes the first, and a pull that fails for
# the registry's limit shows both.
KNOWN: dict[str, Signature] = {
    "rate-limit": _known(
        "toomanyrequests",
        "too many requests",
        "rate.limit(?!er)",
        rf"{_STATUS}429\b",
        hint="log in to the registry, or wait for the limit to pass",
    ),
    "dns": _known(
        "no such host",
        "temporary failure (?:in name resolution|resolving)",
        "name or service not known",
        "could not resolve (?:host|')",
        "getaddrinfo failed",
        "EAI_AGAIN",
        hint="a name could not be looked up: check the network, VPN and DNS",
    ),
    "inotify": _known(
        "too many open files",
        "inotify_(?:init|add_watch)",
        "failed to create fsnotify watcher",
        hint="raise the limits: "
        "sudo sysctl fs.inotify.max_user_watches=524288 fs.inotify.max_user_instances=512",
    ),
    "disk-full": _known(
        "no space left on device",
        "disk.?pressure",
        "disk quota exceeded",
        hint="free space for the container engine, for example with `docker system prune`",
    ),
    "webhook": _known(
        "failed calling webhook",
        "no endpoints available for service",
        hint="a webhook is not answering yet although its Deployment is Available; "
        "put a kubernetes.probe step before this one",
    ),
    "content-digest": _known(
        "content digest .*not found",
        hint="the image was saved without all of its platforms; "
        "pull or build it for this machine's platform alone",
    ),
    "kubeconfig-lock": _known(
        "failed to lock config file",
        r"\.lock: file exists",
        hint="another program holds the kubeconfig; if none runs, remove its .lock file",
    ),
    "port-taken": _known(
        "port is already (?:allocated|in use)",
        "address already in use",
        hint="stop what listens on the port, or choose another one with --set",
    ),
    "package-mirror": _known(
        "unable to fetch some archives",
        "failed to fetch https?:",
        "could not fetch url",
        r"could not connect to \S+:80\b",
        "hash sum mismatch",
        hint="a package mirror did not answer; trying again usually helps",
    ),
    "connection": _known(
        "connection (?:refused|reset|closed|timed out)",
        "cannot connect to host",
        "server disconnected",
        "no route to host",
        "tls handshake timeout",
        "waiting for connection",
        "unexpected eof",
        "broken pipe",
        "i/o timeout",
        r"connection to \S+ was lost",
        "refuses the connection",
        hint="the other side did not answer; is it up and reachable?",
    ),
    "server-error": _known(
        rf"{_STATUS}50[0234]\b",
        r"\b50[0234] (?:internal server error|bad gateway|service unavailable|gateway time-?out)",
        "server is currently unable to handle the request",
        "etcdserver: request timed out",
        hint="the server is busy or briefly away; trying again usually helps",
    ),
    "image-pull": _known(
        "ImagePullBackOff",
        "ErrImagePull",
        "manifest unknown",
        "pull access denied",
        hint="check the image's name, and that the pull secret or your registry login reaches it",
    ),
    "crash-loop": _known(
        "CrashLoopBackOff", hint="the container ends as soon as it starts; its last lines say why"
    ),
}


def recognise(text: str) -> Signature | None:
    """The known failure that a text shows, if any."""
    return next((s for s in KNOWN.values() if re.search(s.pattern, text)), None)


def applies(signatures: Iterable[str | Signature], text: str) -> str | None:
    """Which of some signatures a failure's text shows: a known one's name, or a pattern; else None."""
    for signature in signatures:
        pattern = KNOWN[signature].pattern if isinstance(signature, str) else signature.pattern
        if re.search(pattern, text):
            return signature if isinstance(signature, str) else signature.pattern
    return None
