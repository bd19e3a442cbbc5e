"""Files that hold something in place of what their user wrote are told as what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tui.errors import ActionError
from tui.plan.document import parse_document
from tui.plan.faults import PlanError
from tui.plan.manifests import read_objects
from tui.plan.migrations.goose import collect

if TYPE_CHECKING:
    from pathlib import Path

OBJECT = b"apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n"
INSTEAD = {
    b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 1\n": (1, "git lfs pull"),
    b"\x00GITCRYPT\x00\xff\xfe": (1, "git-crypt unlock"),
    b"$ANSIBLE_VAULT;1.1;AES256\n6238\n": (1, "decrypt"),
    b"age-encryption.org/v1\n-> X25519 \xff": (1, "decrypt"),
    b"-----BEGIN PGP MESSAGE-----\n\nhQ\n": (1, "decrypt"),
    b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html><body>Log in</body></html>\n": (1, "raw form"),
    b"404: Not Found": (1, "raw form"),
    b"\x1f\x8b\x08\x00": (1, "unpack"),
    OBJECT + b"<<<<<<< HEAD\r\na: 1\r\n=======\r\na: 2\r\n>>>>>>> theirs\r\n": (4, "settle"),
}


@pytest.mark.parametrize(("data", "line", "hint"), [(k, *v) for k, v in INSTEAD.items()])
def test_it_is_told_of_plans_manifests_and_migrations(
    data: bytes, line: int, hint: str, tmp_path: Path
) -> None:
    for read in (parse_document, read_objects):
        with pytest.raises(PlanError) as caught:
            read(data, "x.yaml")
        [fault] = caught.value.faults
        assert fault.place.line == line
        assert hint in fault.hint
    (tmp_path / "00001_x.sql").write_bytes(data)
    with pytest.raises(ActionError, match=f"^00001_x.sql:{line}: ") as refused:
        collect(tmp_path)[0].read()
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (OBJECT + b"data: {a: 'ENC[x]'}\nsops: {version: 3.8.1}\n", "decrypt"),
        (b"apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\n", "that program"),
        (b"apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", "that program"),
    ],
)
def test_objects_that_are_for_no_server_are_told(data: bytes, hint: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_objects(data, "x.yaml")
    assert hint in caught.value.hint


def test_text_that_only_speaks_of_such_is_read() -> None:
    body = OBJECT + b"stringData: {a: '<html>', b: '404: Not Found', c: '<<<<<<< x'}\n"
    assert len(read_objects(body, "x.yaml")) == 1
