"""A kubeconfig that is shared: what others have in it stays, by kubectl's own reading."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.actions.engines import has_docker
from tui.cluster import kubeconfig_file
from tui.cluster.kubeconfig_file import check_kubeconfig, merge_kubeconfig, unmerge_kubeconfig
from tui.errors import ActionError

if TYPE_CHECKING:
    from collections.abc import Callable

KUBECTLS = ("kubectl", "kubectl-1.32")
OWN = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Y2E=
    server: https://127.0.0.1:40000
  name: kind-demo
contexts:
- context:
    cluster: kind-demo
    user: kind-demo
  name: kind-demo
current-context: kind-demo
kind: Config
users:
- name: kind-demo
  user:
    client-certificate-data: Y2VydA==
    client-key-data: a2V5
"""
PRODUCTION = """\
apiVersion: v1
kind: Config
# whoever reads this: be careful
clusters:
- name: production
  cluster: {server: "https://production:6443", certificate-authority: /etc/ca.crt}
contexts:
- name: production
  context: {cluster: production, user: me, namespace: web}
users:
- name: me
  user: {token: "0123"}
current-context: production
preferences: {colors: true}
"""
CORPUS = {
    "production": PRODUCTION,
    "an older cluster of the same name": OWN.replace("40000", "30000").replace("Y2E=", "b2xk"),
    "empty": "",
    "comments alone": "# nothing yet\n",
    "null": "null\n",
    "null lists": "apiVersion: v1\nkind: Config\nclusters: null\ncontexts:\nusers: []\n",
    "no apiVersion": "users:\n- name: a\n  user: {token: t}\n",
    "JSON": json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "a/b:c", "cluster": {"server": "https://a", "tls-server-name": "b"}}],
            "contexts": [{"name": "x", "context": {"cluster": "a/b:c", "user": "u"}}],
            "users": [{"name": "u", "user": {"username": "ü", "password": "a: \"b\" #c"}}],
            "current-context": "x",
        },
        indent=2,
    ),
    "exec": (
        "users:\n- name: arn:aws:eks:eu-1:1:cluster/x\n  user:\n    exec:\n"
        "      apiVersion: client.authentication.k8s.io/v1beta1\n      command: aws\n"
        "      args: [--region, eu-1, eks, get-token]\n      env:\n      - {name: AWS_PROFILE, value: 'on'}\n"
        "      interactiveMode: IfAvailable\n      provideClusterInfo: false\n"
    ),
    "auth-provider": (
        "users:\n- name: gke\n  user:\n    auth-provider:\n      name: gcp\n      config:\n"
        "        expiry: '2020-01-01T00:00:00Z'\n        cmd-args: config config-helper --format=json\n"
    ),
    "quoted scalars": (
        "users:\n" + "".join(
            f"- name: u{at}\n  user: {{token: {text}}}\n"
            for at, text in enumerate(("'yes'", '"0o17"', "'1e5'", "'2020-01-01'", "'~'", "'='", "'1_0'"))
        )
    ),
    "plain scalars": (
        "users:\n" + "".join(
            f"- name: u{at}\n  user: {{token: {text}}}\n"
            for at, text in enumerate(("a0123", "1.2.3", "12:3x", "x=", "a#b", "a:b", "é", "1_0x"))
        )
    ),
    "block scalars": "users:\n- name: u\n  user:\n    token: |\n      1\n      2\n    user: >-\n      a\n",
    "anchors": (
        "clusters:\n- name: a\n  cluster: &c {server: https://a}\n- name: b\n  cluster: *c\n"
        "- name: c\n  cluster:\n    <<: *c\n    tls-server-name: x\n"
    ),
    "extensions": (
        "clusters:\n- name: minikube\n  cluster:\n    server: https://m\n    extensions:\n    - name: info\n"
        "      extension: {provider: minikube.sigs.k8s.io, version: v1.33.1, last-update: 'Mon, 01 Jan'}\n"
        "extensions:\n- name: e\n  extension: {a: 1, b: [x, 2]}\n"
    ),
    "long lines": f"users:\n- name: long\n  user: {{client-key-data: {'QUJD' * 2000}}}\n",
    "byte order mark": "\ufeffusers:\n- name: bom\n  user: {token: t}\n",
    "Windows lines": PRODUCTION.replace("\n", "\r\n"),
    "document start": "---\n" + PRODUCTION,
    "kind's own of another": OWN.replace("demo", "other"),
    "no cluster": "contexts: [{name: x, context: {cluster: gone, user: gone}}]\ncurrent-context: x\n",
    "current is missing": PRODUCTION.replace("current-context: production", "current-context: none"),
    "names with odd characters": 'users:\n- name: "a b: c # d\\t\\"é"\n  user: {token: t}\n',
}  # fmt: skip


def view(path: Path, kubectl: str) -> dict[str, Any]:
    """What kubectl reads in a file; with an empty name, what stands in it."""
    if not kubectl:
        content = yaml.load(path.read_bytes(), Loader=yaml.CBaseLoader)
        return content if isinstance(content, dict) else {}
    argv = (kubectl, "config", "view", "--raw", "--kubeconfig", str(path), "-o", "json")
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def entries(config: dict[str, Any], *, own: bool) -> dict[str, Any]:
    """The entries that are the cluster's, or all else but the current context."""
    lists = {
        key: [each for each in config[key] if (each["name"] == "kind-demo") is own]
        for key in ("clusters", "contexts", "users")
        if isinstance(config.get(key), list)
    }
    headers = (*lists, "current-context", "apiVersion", "kind")
    rest = {
        key: value
        for key, value in config.items()
        if key not in headers and value not in ("", "null", [], {}, None)
    }
    return {key: value for key, value in lists.items() if value} | ({} if own else rest)


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in CORPUS.items()])
@pytest.mark.parametrize("kubectl", ["", *(pytest.param(name, marks=pytest.mark.e2e) for name in KUBECTLS)])
def test_what_others_have_is_read_the_same_before_and_after(tmp_path: Path, text: str, kubectl: str) -> None:
    if kubectl and shutil.which(kubectl) is None:
        pytest.skip(f"{kubectl} is not installed")
    path, alone = tmp_path / "config", tmp_path / "alone"
    path.write_text(text, encoding="utf-8", newline="")
    path.chmod(0o640)
    alone.write_text(OWN)
    before = entries(view(path, kubectl), own=False)
    merge_kubeconfig(path, OWN, "kind-demo")
    merged = view(path, kubectl)
    assert merged["current-context"] == "kind-demo"
    assert entries(merged, own=True) == entries(view(alone, kubectl), own=True)
    assert entries(merged, own=False) == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert unmerge_kubeconfig(path, "kind-demo")
    if path.exists():
        after = view(path, kubectl)
        assert entries(after, own=False) == before
        assert not after["current-context"]
        assert not unmerge_kubeconfig(path, "kind-demo")
    else:
        assert not before
    assert sorted(tmp_path.iterdir()) == sorted([alone, *([path] if path.exists() else [])])


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("kind") is None, reason="kind is not installed")
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in CORPUS.items()])
def test_entries_are_removed_as_kind_removes_them(tmp_path: Path, text: str) -> None:
    if not has_docker():
        pytest.skip("kind wants an engine")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_text(text, encoding="utf-8", newline="")
    merge_kubeconfig(ours, OWN, "kind-demo")
    theirs.write_bytes(ours.read_bytes())
    argv = ("kind", "delete", "cluster", "--name", "demo", "--kubeconfig", str(theirs))
    subprocess.run(argv, capture_output=True, check=True)
    unmerge_kubeconfig(ours, "kind-demo")
    wanted = view(theirs, "kubectl")
    if ours.exists():
        assert view(ours, "kubectl") == wanted
    else:
        assert not any(wanted[key] for key in ("clusters", "contexts", "users"))


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
def test_a_lock_that_kubectl_takes_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(PRODUCTION)
    argv = ("kubectl", "config", "--kubeconfig", str(path), "set-context", "production", "--namespace=x")
    with kubeconfig_file._locked(path):
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "config.lock: file exists" in done.stderr


def test_a_lock_that_was_left_is_told_before_a_cluster_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeconfig_file, "_PATIENCE", 0)
    kubeconfig_file.check_kubeconfig(tmp_path / "config")
    (tmp_path / "config.lock").touch()
    with pytest.raises(ActionError, match="another program holds the lock"):
        kubeconfig_file.check_kubeconfig(tmp_path / "config")


def test_a_lock_that_nobody_lets_go_of_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config"
    (tmp_path / "config.lock").touch()
    with pytest.raises(ActionError) as caught, kubeconfig_file._locked(path, patience=0):
        pass
    assert caught.value.cause == f"another program holds the lock {path}.lock"
    assert caught.value.hint.endswith(f"`rm {path}.lock`")
    assert (tmp_path / "config.lock").exists()


def test_symbolic_links_are_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles" / "config", tmp_path / "config"
    real.parent.mkdir()
    real.write_text(PRODUCTION)
    link.symlink_to(real)
    merge_kubeconfig(link, OWN, "kind-demo")
    assert link.is_symlink()
    assert "kind-demo" in real.read_text()
    unmerge_kubeconfig(link, "kind-demo")
    assert "production" in real.read_text()
    real.write_text("")
    merge_kubeconfig(link, OWN, "kind-demo")
    unmerge_kubeconfig(link, "kind-demo")
    assert link.is_symlink()
    assert real.exists()


def test_a_symbolic_link_to_a_file_that_is_not_there_yet(tmp_path: Path) -> None:
    link = tmp_path / "config"
    link.symlink_to("real")
    merge_kubeconfig(link, OWN, "kind-demo")
    assert "kind-demo" in (tmp_path / "real").read_text()
    assert stat.S_IMODE((tmp_path / "real").stat().st_mode) == 0o600


def test_a_file_of_several_names_keeps_them(tmp_path: Path) -> None:
    path, other = tmp_path / "config", tmp_path / "other"
    path.write_text(PRODUCTION)
    other.hardlink_to(path)
    merge_kubeconfig(path, OWN, "kind-demo")
    assert other.read_text() == path.read_text()
    assert "kind-demo" in other.read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(PRODUCTION)
    os.chown(path, 1234, 2345)
    merge_kubeconfig(path, OWN, "kind-demo")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(PRODUCTION)

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ActionError, match="No space left on device"):
        merge_kubeconfig(path, OWN, "kind-demo")
    assert path.read_text() == PRODUCTION
    assert list(tmp_path.iterdir()) == [path]


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a directory": (lambda path: path.mkdir(), "is not a regular file"),
    "a device": (lambda path: path.symlink_to("/dev/null"), "is not a regular file"),
    "a link in a circle": (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    "a link into nowhere": (lambda path: path.symlink_to("/nowhere/config"), "into /nowhere, which does"),
    "broken YAML": (lambda path: path.write_text("users:\n- {name: x, token: s3cr3t"), "is not YAML (line "),
    "no UTF-8": (lambda path: path.write_bytes(b"users: \xff\xfe"), "is not YAML"),
    "several documents": (lambda path: path.write_text("a: 1\n---\nb: 2\n"), "is not YAML (line 2)"),
    "a list": (lambda path: path.write_text("- a\n"), "is not a mapping"),
    "a text": (lambda path: path.write_text("kubeconfig"), "is not a mapping"),
    "users that are a mapping": (lambda path: path.write_text("users: {a: b}"), "has a `users` that is not"),
    "clusters that are names": (lambda path: path.write_text("clusters: [a]"), "a `clusters` that is not"),
    "a parent that is a file": (lambda path: path.parent.touch(), "cannot be used: "),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_cannot_be_used_is_told_and_left_alone(tmp_path: Path, name: str) -> None:
    make, says = UNUSABLE[name]
    path = tmp_path / ("d/config" if "parent" in name else "config")
    make(path)
    for touch in (check_kubeconfig, lambda path: merge_kubeconfig(path, OWN, "kind-demo")):
        with pytest.raises(ActionError) as caught:
            touch(path)
        assert says in caught.value.cause
        assert "another file in `cluster.kubeconfig`" in caught.value.hint
        assert "s3cr3t" not in caught.value.cause + caught.value.hint
    assert not list(tmp_path.glob("*.lock"))


def test_several_files_are_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(ActionError, match="is a list of kubeconfig files"):
        check_kubeconfig(Path(f"{tmp_path}/a:{tmp_path}/b"))


def test_what_is_not_there_is_not_removed(tmp_path: Path) -> None:
    assert not unmerge_kubeconfig(tmp_path / "none" / "config", "kind-demo")
    assert list(tmp_path.iterdir()) == []
    path = tmp_path / "config"
    path.write_text(PRODUCTION)
    assert not unmerge_kubeconfig(path, "kind-demo")
    assert path.read_text() == PRODUCTION


def test_another_current_context_stays_when_the_cluster_goes(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(PRODUCTION)
    merge_kubeconfig(path, OWN, "kind-demo")
    path.write_text(path.read_text().replace("current-context: kind-demo", "current-context: production"))
    assert unmerge_kubeconfig(path, "kind-demo")
    assert "current-context: production" in path.read_text()


def test_a_new_file_is_for_its_user_alone(tmp_path: Path) -> None:
    path = tmp_path / ".kube" / "config"
    merge_kubeconfig(path, OWN, "kind-demo")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_directory_that_may_not_be_written() -> None:
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        path = Path(directory) / "config"
        path.write_text(PRODUCTION)
        os.seteuid(65534)
        try:
            with pytest.raises(ActionError) as caught:
                check_kubeconfig(path)
        finally:
            os.seteuid(0)
    assert caught.value.cause == f"the kubeconfig {path} cannot be used: Permission denied"
