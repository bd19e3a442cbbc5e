"""Adding a cluster's entries to a kubeconfig file that may be shared, and removing them.

The file is treated as kubectl and kind treat it: the same lock, symbolic links written through, mode and
owner kept. Scalars are carried over as they were written, so that no other entry changes its meaning.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import urlsplit

import yaml

from tui.clients.kubernetes.kubeconfig import read_access
from tui.errors import ActionError
from tui.plan.steps.cluster import PROVIDERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Node = yaml.nodes.Node

_LISTS = ("clusters", "contexts", "users")
_CURRENT = "current-context"
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - looked at, not served on
_PATIENCE = 10.0  # seconds for another program to let go of the file
_POLL = 0.05  # seconds between looks at its lock
_WIDTH = 1 << 20  # columns: certificates stay on one line
# How the names of contexts begin that providers write, each before its cluster's.
_MADE = tuple(f"{provider}-" for provider in PROVIDERS)
_EFFECTIVE = os.access in os.supports_effective_ids
_OTHER = "or name another file in `cluster.kubeconfig`"


def check_kubeconfig(path: Path) -> None:
    """Make sure that a cluster's entries can be added to a file, which need not exist yet; change nothing.

    Raises:
        ActionError: They cannot.
    """
    with _told(path):
        _await_others(_lock_of(path), time.monotonic() + _PATIENCE)
        _read(path)
        target = _target(path)
        for place in (target if target.exists() else target.parent, path.parent):
            existing = next(each for each in (place, *place.parents) if each.exists())
            if not os.access(existing, os.W_OK, effective_ids=_EFFECTIVE):
                raise PermissionError(errno.EACCES, "Permission denied", str(existing))


def contexts(path: Path) -> list[str]:
    """Return the names of a file's contexts; none if there is no file.

    Raises:
        ActionError: The file cannot be read.
    """
    with _told(path):
        config = _read(path)
        return [_name(each) for each in _entries(config, "contexts")] if config else []


def choose_context(path: Path, own: str) -> str:
    """Return the context that leads to a plan's cluster, which is never just the current one.

    Args:
        path: The kubeconfig file.
        own: The context's name where the cluster's provider has written the file.

    Raises:
        ActionError: No context is known to be the plan's.
    """
    names = contexts(path)
    if own in names or not names:
        return own
    only = names[0] if len(names) == 1 and not names[0].startswith(_MADE) else ""
    if only and urlsplit(read_access(path, only).server).hostname in _LOOPBACK:
        return only
    raise ActionError(
        f"the kubeconfig {path} has no context {own}",
        "run a `cluster.create` step first; or, if another of its contexts leads to the plan's cluster, "
        f"`kubectl config rename-context NAME {own} --kubeconfig {path}`",
    )


def leads_to(path: Path, context: str, others: Sequence[Path] = ()) -> bool:
    """Return whether programs that are given a file use a context of it, or nothing: it need not exist yet.

    Args:
        path: The file.
        context: The name of the context.
        others: The files of other clusters that they are given after it: of several files the first that
            names a current context wins. A file of more than one cluster may come to name another.

    Raises:
        ActionError: The file cannot be read.
    """
    with _told(path):
        config = _read(path)
        if config is None or path in others:
            return not others
        current = _get(config, _CURRENT)
        return current is not None and current.value == context


def merge_kubeconfig(path: Path, text: str, context: str) -> None:
    """Add a cluster's entries to a file, or replace them, and make its context the current one.

    Args:
        path: The file; it is created, for this user alone, if it does not exist.
        text: A kubeconfig with the cluster's entries.
        context: The name of the cluster's context.

    Raises:
        ActionError: The file cannot be read or written.
    """
    entries = _mapping(text)
    with _locked(path):
        config = _read(path) or _mapping("apiVersion: v1\nkind: Config\n")
        for key in _LISTS:
            ours = _entries(entries, key)
            names = {_name(entry) for entry in ours}
            kept = [entry for entry in _entries(config, key) if _name(entry) not in names]
            _set(config, key, _sequence(kept + ours))
        _set(config, _CURRENT, _scalar(context))
        _write(path, config)


def unmerge_kubeconfig(path: Path, context: str) -> bool:
    """Remove a cluster's entries from a file; the file goes too if nothing else is in it.

    Args:
        path: The file.
        context: The name of the cluster's context. Its cluster and its user are called so too, or by k3d
            `admin@CONTEXT`.

    Returns:
        Whether there were any.

    Raises:
        ActionError: The file cannot be read or written.
    """
    if not path.exists():
        return False
    with _locked(path):
        config = _read(path)
        if config is None:
            return False
        own = {context, f"admin@{context}"}
        found = [key for key in _LISTS if any(_name(each) in own for each in _entries(config, key))]
        for key in found:
            _set(config, key, _sequence([each for each in _entries(config, key) if _name(each) not in own]))
        current = _get(config, _CURRENT)
        if current is not None and current.value == context:
            found.append(_CURRENT)
            _set(config, _CURRENT, _scalar(""))
        if found and _is_empty(config) and not path.is_symlink():
            path.unlink()
        elif found:
            _write(path, config)
    return bool(found)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turn errors of the operating system about a file into ours."""
    if os.pathsep in str(path):
        cause = f"{str(path)!r} is a list of kubeconfig files"
        raise ActionError(cause, "name one file in `cluster.kubeconfig`")
    try:
        yield
    except OSError as error:
        cause = f"the kubeconfig {path} cannot be used: {error.strerror or error}"
        if error.filename and str(error.filename) != str(path):
            cause += f": {error.filename}"
        hint = f"look at its mode and owner, and those of its directory, {_OTHER}"
        raise ActionError(cause, hint) from error


@contextlib.contextmanager
def _locked(path: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Lock a file against kubectl and kind, which take the same lock."""
    lock = _lock_of(path)
    with _told(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _create(lock, time.monotonic() + patience)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def _create(lock: Path, until: float) -> None:
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0))
        except FileExistsError:
            _await_others(lock, until)
        else:
            return


def _await_others(lock: Path, until: float) -> None:
    """Wait until no other program holds a lock."""
    while lock.exists():
        if time.monotonic() >= until:
            hint = f"if no kubectl or kind is at it, one that was killed left the lock: `rm {lock}`"
            raise ActionError(f"another program holds the lock {lock}", hint)
        time.sleep(_POLL)


def _unusable(path: Path, why: str) -> ActionError:
    return ActionError(f"the kubeconfig {path} {why}", f"mend it, {_OTHER}")


def _target(path: Path) -> Path:
    """Return the file that symbolic links lead to."""
    return Path(os.path.realpath(path))


def _read(path: Path) -> yaml.MappingNode | None:
    """Read the file; None if it does not exist or is empty."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unusable(path, "is not a regular file")
        content = path.read_bytes()
    except FileNotFoundError:
        if path.is_symlink() and not (parent := _target(path).parent).is_dir():
            raise _unusable(path, f"is a symbolic link into {parent}, which does not exist") from None
        return None
    try:
        config = yaml.compose(content, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:  # its own text may quote a token
        mark = getattr(error, "problem_mark", None)
        raise _unusable(path, f"is not YAML{f' (line {mark.line + 1})' if mark else ''}") from None
    if config is None or _is_null(config):
        return None
    if not isinstance(config, yaml.MappingNode):
        raise _unusable(path, "is not a mapping")
    for key in _LISTS:
        _entries(config, key, _unusable(path, f"has a `{key}` that is not a list of named entries"))
    return config


def _entries(config: yaml.MappingNode, key: str, wrong: Exception | None = None) -> list[yaml.MappingNode]:
    node = _get(config, key)
    if node is None or _is_null(node):
        return []
    if isinstance(node, yaml.SequenceNode):
        found = [each for each in node.value if isinstance(each, yaml.MappingNode)]
        if len(found) == len(node.value):
            return found
    raise wrong or ValueError(key)


def _name(entry: yaml.MappingNode) -> str:
    node = _get(entry, "name")
    return node.value if isinstance(node, yaml.ScalarNode) else ""


def _get(config: yaml.MappingNode, key: str) -> Any:
    """Return the value of a key; as in Go, the last one if the key is written twice."""
    return next((value for name, value in reversed(config.value) if name.value == key), None)


def _set(config: yaml.MappingNode, key: str, value: Node) -> None:
    at = next((at for at, (name, _) in enumerate(config.value) if name.value == key), len(config.value))
    others = [(name, node) for name, node in config.value if name.value != key]
    config.value = [*others[:at], (_scalar(key), value), *others[at:]]


def _scalar(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


def _sequence(entries: list[yaml.MappingNode]) -> yaml.SequenceNode:
    return yaml.SequenceNode("tag:yaml.org,2002:seq", entries, flow_style=not entries)


def _mapping(text: str) -> yaml.MappingNode:
    node = yaml.compose(text, Loader=yaml.CSafeLoader)
    if not isinstance(node, yaml.MappingNode):
        raise ActionError("kind gave no kubeconfig")
    return node


def _is_null(node: Node) -> bool:
    return str(node.tag) == "tag:yaml.org,2002:null"


def _is_empty(config: yaml.MappingNode) -> bool:
    """Return whether a kubeconfig has neither clusters, contexts nor users."""
    for name, value in config.value:
        content = _is_null(value) or not value.value
        if name.value not in ("apiVersion", "kind") and not content:
            return False
    return True


def _write(path: Path, config: yaml.MappingNode) -> None:
    """Replace the file's content at once, so that a full disk or a kill leaves the old one."""
    text: str = yaml.serialize(config, Dumper=yaml.CSafeDumper, allow_unicode=True, width=_WIDTH)
    target = _target(path)
    try:
        _replace(target, text.encode())
    except OSError as error:
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EBUSY):
            raise
        _overwrite(target, text.encode())  # the file cannot be exchanged: it is mounted, or has another owner


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # of mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            _copy_rights(target, Path(name))
        Path(name).replace(target)
    finally:
        Path(name).unlink(missing_ok=True)


def _copy_rights(source: Path, copy: Path) -> None:
    """Give a copy the mode, owner and attributes of its source.

    Raises:
        PermissionError: They cannot all be given to it.
    """
    old, new = source.stat(), copy.stat()
    if old.st_nlink > 1:
        raise PermissionError(errno.EPERM, "the file has several names", str(source))
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        os.chown(copy, old.st_uid, old.st_gid)
    shutil.copystat(source, copy)
    os.utime(copy)


def _overwrite(target: Path, content: bytes) -> None:
    with target.open("r+b") as file:
        old = file.read()
        try:
            _rewrite(file, content)
        except OSError:
            _rewrite(file, old)
            raise


def _rewrite(file: BinaryIO, content: bytes) -> None:
    file.seek(0)
    file.write(content)
    file.truncate()
    file.flush()
