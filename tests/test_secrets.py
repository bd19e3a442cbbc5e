"""Secrets, in every form they could take, against what a run says."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.plans import Scripted, make_plan, started
from tests.virtual import run_virtual
from tui.engine.engine import Engine
from tui.errors import ActionError
from tui.reporter import Done
from tui.run.journal import Journal
from tui.secrets import MASK, Masker, secrets_in

if TYPE_CHECKING:
    from pathlib import Path

    from tui.actions.context import Context
    from tui.plan.steps import Step

secrets = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp"]), min_size=6, max_size=40
)


def masker(*values: str) -> Masker:
    made = Masker()
    for value in values:
        made.add(value)
    return made


@given(secrets)
def test_each_form_of_a_secret_is_masked(secret: str) -> None:
    encoded = base64.b64encode(secret.encode()).decode()
    forms = [
        secret,
        encoded,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret),
        secret.encode().hex(),
    ]
    forms += [base64.urlsafe_b64encode(secret.encode()).decode(), encoded.rstrip("=")]
    for form in forms:
        assert form.strip('"') not in masker(secret).mask(f"before {form} after")


@given(secrets.filter(lambda s: len(s.encode()) >= 9), st.binary(max_size=7), st.binary(max_size=7))
def test_a_secret_inside_a_longer_base64_is_not_readable(secret: str, before: bytes, after: bytes) -> None:
    blob = base64.b64encode(before + secret.encode() + after).decode()
    shown = masker(secret).mask(blob)
    assert MASK in shown
    pieces = [piece for piece in shown.split(MASK) if piece]
    assert len("".join(pieces)) < len(blob) - len(secret)


def test_text_without_secrets_is_left_alone() -> None:
    assert masker("s3cret-value").mask("nothing to see: secret value") == "nothing to see: secret value"


def test_the_longest_of_overlapping_secrets_is_masked_whole() -> None:
    assert masker("pass", "password-long").mask("x password-long y") == f"x {MASK} y"


def test_each_line_of_a_secret_of_several_lines_is_masked() -> None:
    assert masker("-----BEGIN\nabcdefgh\n").mask("line abcdefgh here") == f"line {MASK} here"


def test_colours_within_a_secret_do_not_uncover_it() -> None:
    text = "s3cret-value \x1b[1ms3\x1b[31mcret\x1b[0m-value"
    assert masker("s3cret-value").mask(text) == f"{MASK} {MASK}"
    assert masker("s3cret-value").mask("\x1b[1ms3cret-value\x1b[0m") == f"\x1b[1m{MASK}\x1b[0m"


@given(st.lists(secrets, min_size=1, max_size=4), st.data())
def test_lines_at_once_are_masked_as_they_are_one_by_one(values: list[str], data: st.DataObject) -> None:
    made = masker(*values)
    lines = data.draw(st.lists(st.lists(st.sampled_from([*values, "and", " "]), max_size=4).map("".join)))
    assert made.mask("\n".join(lines)) == "\n".join(map(made.mask, lines))


def test_a_secret_of_several_lines_leaves_as_many_lines() -> None:
    key = "-----BEGIN\nab\ncdefgh"
    assert masker(key).mask(f"key: {key}\nend") == f"key: {MASK}\n{MASK}\n{MASK}\nend"


@pytest.mark.parametrize("value", ["", " ", "ab"])
def test_what_is_too_short_to_hide_anything_blots_out_nothing(value: str) -> None:
    assert masker(value).mask("ab and more") == "ab and more"


def test_a_secret_never_reaches_event_journal_or_log(tmp_path: Path) -> None:
    password, token = "p@ss w/rd+1", "t0k3n-found-later"

    async def leak(step: Step, context: Context) -> Done:
        context.secret(token)
        auth = base64.b64encode(f"user:{token}".encode()).decode()
        for value in (password, quote(password), auth, json.dumps({"password": password})):
            context.log(f"said {value}", source="pod/x")
            context.log(["among", f"others {value}", "too"])
            context.progress(1, 2, what=value)
            context.warn(value)
            context.span("pull", value).close()
        if context.task == "b":
            raise ActionError(
                f"cannot log in with {password}", f"is {token} right?", (quote(password, safe=""),)
            )
        return Done(f"logged in as {token}")

    plan = make_plan([{"a": [], "b": []}], variables={"db": {"password": password}}, secrets=["db.password"])
    journal = Journal(tmp_path / "run")
    said: list[str] = []
    engine = Engine(
        plan,
        Scripted(leak),
        started(plan),
        cache=tmp_path,
        journal=journal,
        listener=lambda event: said.append(repr(event)),
    )
    run_virtual(engine.run())
    journal.close()
    written = "".join(path.read_text() for path in (tmp_path / "run").rglob("*") if path.is_file())
    for text in ("".join(said), written, repr(engine.state.tasks)):
        assert MASK in text
        for form in (
            password,
            quote(password),
            quote_plus(password),
            token,
            base64.b64encode(token.encode()).decode(),
        ):
            assert form not in text
        assert base64.b64encode(f"user:{token}".encode()).decode()[8:] not in text


def test_ids_are_never_masked(tmp_path: Path) -> None:
    plan = make_plan([{"postgresql": []}], variables={"password": "postgresql"}, secrets=["password"])
    state = run_virtual(Engine(plan, Scripted(), started(plan), cache=tmp_path).run())
    assert state.tasks["postgresql"].status == "succeeded"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"password": "hunter2"}, {"hunter2"}),
        ({"POSTGRES_PASSWORD": "hunter2", "POSTGRES_USER": "postgres", "POSTGRES_DB": "orders"}, {"hunter2"}),
        ({"apiKey": "k-1", "dbPassword": 12345, "redis-token": "abc"}, {"k-1", "12345", "abc"}),
        ({"tls.key": "k3y-of-tls", "ca.crt": "public"}, {"k3y-of-tls"}),
        ({"pull_secret": "quay-pull", "imagePullSecrets": [{"name": "quay"}], "secretName": "tls"}, set()),
        ({"secretKeyRef": {"name": "db", "key": "password"}, "passwordFile": "/run/pw"}, set()),
        ({"env": [{"name": "API_TOKEN", "value": "t0ken"}, {"name": "USER", "value": "me"}]}, {"t0ken"}),
        ({"argv": ["login", "--password", "hunter2", "--user", "me"]}, {"hunter2"}),
        ({"argv": ["login", "--password=hunter2"]}, {"hunter2"}),
        ({"shell": "PGPASSWORD=hunter2 psql -U me; login --token 't0 ken'"}, {"hunter2", "t0 ken"}),
        ({"shell": "PGPASSWORD=$PW psql; TOKEN=$(cat token) x; password=${PW}"}, set()),
        ({"url": "postgres://me:p%40ss@db/orders?sslmode=off"}, {"p%40ss", "p@ss"}),
        ({"url": "http://127.0.0.1:80/?user=me&access_token=t0ken"}, {"t0ken"}),
        ({"headers": {"Authorization": "Bearer t0ken-1"}}, {"Bearer t0ken-1", "t0ken-1"}),
        ({"note": "ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"}, {"ghp_aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"}),
        ({"image": f"redis@sha256:{'0a1b2c3d' * 8}", "context": "/home/Me/src/k8s/Api2/deploy"}, set()),
        ({"password": "postgres", "token": "true", "secret": None, "passwords": False}, set()),
        ({"user": "app", "password": "app"}, set()),
        ({"account": '{"user": "zac", "keys": [{"token": "t0ken-1"}]}', "template": "{{ .x }}"}, {"t0ken-1"}),
        ({"key": "-----BEGIN RSA PRIVATE KEY-----\nabc\n"}, {"-----BEGIN RSA PRIVATE KEY-----\nabc\n"}),
    ],
)
def test_secrets_are_known_by_their_keys_and_looks(data: dict[str, object], found: set[str]) -> None:
    assert set(secrets_in(data)) == found


@pytest.mark.parametrize(
    ("data", "found"),
    [
        ({"user": "postgres", "database": "action_history", "host": "db-1", "port": "5432"}, set()),
        ({"license": "ABC-123", "mode": "verify-full", "replicas": 3}, {"ABC-123"}),
        ({"app.yaml": "db:\n  user: slm\n  password: hunter2\nlog: info\n"}, {"hunter2"}),
        ({".env": "export TOKEN='t0ken'\nDEBUG=1\n"}, {"t0ken"}),
        ({"blob": "line one 1\nline two 2\n"}, {"line one 1\nline two 2\n"}),
    ],
)
def test_what_is_declared_secret_is_but_for_public_names(data: dict[str, object], found: set[str]) -> None:
    assert set(secrets_in(data, declared=True)) == found


@pytest.mark.parametrize(
    ("secret", "text", "shown"),
    [
        ("abc", "abc, (abc) abcd xabc", f"{MASK}, ({MASK}) abcd xabc"),
        ("orders", "orders and reorders", f"{MASK} and reorders"),
        ("12345", "took 123456 and 12345", f"took 123456 and {MASK}"),
        ("pa55", "xpa55y", f"x{MASK}y"),
    ],
)
def test_a_short_secret_is_masked_where_it_stands_alone(secret: str, text: str, shown: str) -> None:
    assert masker(secret).mask(text) == shown
