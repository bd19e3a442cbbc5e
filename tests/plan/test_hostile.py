"""Whatever stands in a plan's file, every command that reads it tells the cause, the place and a remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from tests.plan.writing import CLUSTER, HEAD
from tui.cli import main

if TYPE_CHECKING:
    from pathlib import Path

GOOD = f"{HEAD}phases:\n- id: one\n  tasks:\n  - id: first\n    steps: [{{kind: command, shell: 'true'}}]\n"


def with_name(text: str) -> str:
    return GOOD.replace("demo", text)


def with_task(line: str) -> str:
    return GOOD.replace("- id: first", f"- id: first\n    {line}")


def with_step(fields: str) -> str:
    return GOOD.replace("kind: command, shell: 'true'", fields)


def with_field(field: str) -> str:
    return with_step(f"kind: command, shell: x, {field}")


READ = {
    "as it is": GOOD,
    "carriage returns": GOOD.replace("\n", "\r\n"),
    "old Mac lines": GOOD.replace("\n", "\r"),
    "a byte order mark": f"\ufeff{GOOD}",
    "a separator ahead": f"---\n{GOOD}",
    "an end marker": f"{GOOD}...\n",
    "a directive": f"%YAML 1.2\n---\n{GOOD}",
    "tabs between values": GOOD.replace("name: ", "name:\t").replace("{kind", "{\tkind"),
    "a merge": GOOD.replace("- id: first", "- <<: {title: x}\n    id: first"),
    "merges": GOOD.replace("- id: first", "- <<: [{title: x}, {host: local}]\n    id: first"),
    "JSON": '{"apiVersion":"bringup/v1","name":"demo","phases":[{"id":"a","tasks":[{"id":"b","steps":'
    '[{"kind":"command","shell":"true"}]}]}]}',
    "words that were truth values": with_name("no"),
    "a date": with_name("2020-01-01"),
    "a tag that changes nothing": with_name("!!str demo"),
    "numbers among words": with_step("kind: command, argv: [sleep, 0.1]"),
    "no variables": f"{GOOD}variables:\n",
    "a plain reference": with_step("kind: command, shell: 'echo $${HOME} $PATH'"),
}
REFUSED: dict[str, tuple[str | bytes, str]] = {
    "nothing": ("", "`bringup plan schema`"),
    "comments": ("# x\n", "`bringup plan schema`"),
    "blanks": ("  \n\t\n", "indent with spaces"),
    "null": ("~", "apiVersion"),
    "a text": ("hello", "apiVersion"),
    "a list": ("- a\n- b", "apiVersion"),
    "tabs ahead": (GOOD.replace("  tasks", "\ttasks"), "indent with spaces"),
    "UTF-16": (GOOD.encode("utf-16"), "save it as UTF-8"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "right file"),
    "Latin-1": (with_name("caf\xe9").encode("latin-1"), "save it as UTF-8"),
    "a program": (b"\x7fELF\x01\x02\x00", "right file"),
    "an archive": (b"\x1f\x8b\x08\x00", "unpack it"),
    "a control character": (with_name("de\x07mo"), "escape"),
    "two documents": (f"{GOOD}---\n{GOOD}", "one document"),
    "a separator behind": (f"{GOOD}---\n", "one document"),
    "a key twice": (with_name("demo\nname: x"), "remove one"),
    "an alias of nothing": (with_name("*nope"), "anchor"),
    "an alias as a key": (GOOD.replace("name: demo", "&n name: demo\n*n : 5"), "remove one"),
    "a merge of a text": (GOOD.replace("- id: first", "- <<: 5\n    id: first"), "<<: *name"),
    "a tag of Python": (with_name("!!python/object:os.system demo"), "quotes around the text"),
    "a tag of one's own": (with_name("!Ref demo"), "quotes around the text"),
    "a tag that does not fit": (with_name("!!map demo"), "quotes around the text"),
    "a binary": (with_name("!!binary aGVsbG8="), "quotes around the text"),
    "a key of several values": (f"{GOOD}? [a, b]\n: c\n", "quotes around a reference"),
    "a template": (with_name("{{ .Values.x }}"), "quotes around a reference"),
    "a template of Jinja": (f"{GOOD}{{% if x %}}\n", "render the template first"),
    "a reference in brackets": (f"{GOOD}secrets: [${{a}}, b]\n", "quotes around a reference"),
    "the environment": (with_name("${HOME}"), "not the environment's"),
    "the environment by a dot": (with_name("${env.HOME}"), "add it to `variables:`"),
    "a default of the shell": (with_name("${NAME:-x}"), "`variables:` has the defaults"),
    "a length in the shell": (with_field("title: '${#x}'"), "`variables:` has the defaults"),
    "an expression": (with_name("${{ secrets.X }}"), "without blanks"),
    "blanks in a reference": (with_name("${ x }"), "without blanks"),
    "an empty reference": (with_name("${}"), "write ${name}"),
    "a variable of the shell in a path": (with_field("files: $HOME/x"), "write ~"),
    "a command of the shell in a path": (with_field('files: "$(pwd)/x"'), "write ~"),
    "an unclosed bracket": (f"{GOOD}x: [1, 2", "brackets"),
    "an unclosed quote": (f'{GOOD}x: "abc', "quotes"),
    "a backslash": (f'{GOOD}x: "C:\\dir"', "backslash"),
    "a pair of surrogates": (with_name(r'"\ud83d\ude00"'), "the character itself"),
    "a colon": (with_name("a: b"), "quotes"),
    "a blank that is none": (f"{GOOD}title:\u00a0x", "has a U+00A0, which only looks like a blank"),
    "a key for anchors": (f"{GOOD}.common: &c {{timeout: 1m}}", "x-common"),
    "an at sign": (with_name("@x"), "quotes"),
    "another indentation": ("a:\n  b: 1\n c: 2\n", "indentation"),
    "TOML": ("[a]\nb = 1\n", "indentation"),
    "a manifest": ("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", "kubernetes.apply"),
    "Compose": ("services:\n  web: {image: x}\n", "bringup init"),
    "another version": (GOOD.replace("v1", "v2"), "Version of the form"),
    "phases as a mapping": (f"{HEAD}phases: {{one: {{tasks: []}}}}", "begin each item with"),
    "phases that are nothing": (f"{HEAD}phases:", "give it a value"),
    "a phase that is nothing": (f"{HEAD}phases: [~]", "give it a value"),
    "steps in steps": (f"{HEAD}phases: [{{id: a, tasks: [{{id: b, steps: [[~]]}}]}}]", "YAML does not join"),
    "a task of text": (f"{HEAD}phases: [{{id: a, tasks: [b]}}]", "Its tasks"),
    "steps as a mapping": (f"{HEAD}phases: [{{id: a, tasks: [{{id: b, steps: {{kind: x}}}}]}}]", "each item"),
    "variables as a list": (f"{GOOD}variables: [a]", "write name: value"),
    "words that are no list": (with_step("kind: command, argv: ls -l"), "each word as an item"),
    "not a number": (f"{GOOD}limit: .nan", "Most tasks"),
    "half a task": (f"{GOOD}limit: 1.5", "Most tasks"),
    "no time": (with_task("timeout: 0"), "takes longer"),
    "less than no time": (with_task("timeout: -5s"), "90s"),
    "minutes and seconds": (with_task("timeout: 1:30"), "90s"),
    "endless": (with_task("timeout: .inf"), "90s"),
    "a pattern that is none": (with_task("retry: {signatures: [{pattern: '('}]}"), "brackets"),
    "a path out of it": (GOOD.replace("id: first", "id: ../../etc"), "for example load-images"),
    "a very long name": (with_name("a" * 100_000), "Lower-case letters"),
    "a directory for a file": (with_step("kind: image.build, tag: x, context: ., dockerfile: ."), "a file"),
    "a path of nothing": (with_field("files: [null]"), "as text"),
    "a path that is too long": (with_field(f"files: {'a' * 5000}"), "check the path"),
    "nobody's home": (with_field("files: ~nobody-of-that-name/x"), "check the path"),
    "an end of text within": (with_step(r'kind: command, argv: ["a\0b"]'), r"remove the escape \0"),
    "a name with an equals sign": (with_field('env: {"A=": b}'), "NAME: value"),
    "an environment as a list": (with_field("env: [A=b]"), "Environment variables"),
    "a URL without a host": (with_step("kind: http.check, url: 'http://['"), "write http://HOST"),
    "a URL of several lines": (with_step(r'kind: http.check, url: "http://a b\nc"'), "write http://HOST"),
    "a port that is none": (with_step("kind: http.check, url: 'http://x:99999'"), "write http://HOST"),
    "an object of text": (
        CLUSTER + with_step("kind: kubernetes.probe, manifest: {metadata: 5}"),
        "as it would be applied",
    ),
    "a circle": (with_task("needs: first"), "remove one of these needs"),
}  # fmt: skip
MISSING = {
    "a directory that does not exist": (with_field("folder: nowhere"), "plan's directory"),
    "a file that is called nearly so": (with_field("files: plam.yaml"), "did you mean 'plan.yaml'?"),
}
COMMANDS = (["plan", "show"], ["plan", "lint"], ["up", "--env", "rehearsal"], ["doctor"], ["down"])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.mark.parametrize("text", READ.values(), ids=READ)
def test_what_is_yaml_is_read(text: str, folder: Path) -> None:
    (folder / "plan.yaml").write_bytes(text.encode())
    result = CliRunner().invoke(main, ["plan", "show", "plan.yaml"])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(("text", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_plan_is_told_with_its_place_and_a_hint(
    text: str | bytes, hint: str, folder: Path
) -> None:
    (folder / "plan.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    for command in COMMANDS:
        result = CliRunner().invoke(main, [*command, "plan.yaml"])
        assert isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == 2
        assert re.match(r"error: plan\.yaml:\d+:\d+: ", result.output)
        assert hint in result.output.partition("\n  hint: ")[2]
        assert len(result.output.splitlines()[0]) < 400
        assert "Traceback" not in result.output


@pytest.mark.parametrize(("text", "hint"), MISSING.values(), ids=MISSING)
def test_what_is_missing_is_told_where_it_is_needed_and_where_it_is_looked_at(
    text: str, hint: str, folder: Path
) -> None:
    (folder / "plan.yaml").write_text(text)
    for command, code in ((["plan", "show"], 0), (["plan", "lint"], 2), (["up"], 2), (["doctor"], 2)):
        result = CliRunner().invoke(main, [*command, "plan.yaml"])
        assert result.exit_code == code
        assert re.search(
            r"^(error:|!) plan\.yaml:7:\d+: (folder|files, item 1|files): no such",
            result.output,
            re.MULTILINE,
        )
        assert hint in result.output.partition("\n  hint: ")[2]


@pytest.mark.parametrize("where", ["plan", "values"])
def test_what_is_no_file_is_told(where: str, folder: Path) -> None:
    (folder / "plan.yaml").write_text(GOOD)
    (folder / "circle").symlink_to("circle")
    (folder / "nowhere").symlink_to("gone")
    for name in (
        "circle",
        "./nowhere",
        "gone/plan.yaml",
        "plan.yaml/x",
        "a" * 300,
        "/dev/zero",
        "\udcff.yaml",
    ):
        args = [name] if where == "plan" else ["plan.yaml", "--values", name]
        result = CliRunner().invoke(main, ["plan", "show", *args])
        assert isinstance(result.exception, SystemExit), (name, result.exception)
        assert result.exit_code == 2, name
        assert "rror: " in result.output


def test_a_setting_that_is_none_is_told() -> None:
    for setting in (
        "",
        "=",
        "a",
        ".=1",
        "a..b=1",
        "a=[",
        "a='",
        'a="\\q"',
        "a={b: c, b: d}",
        "a=[!!x y]",
        "${a}=1",
    ):
        result = CliRunner().invoke(main, ["plan", "show", "workflowexecution", "--set", setting])
        assert isinstance(result.exception, SystemExit), (setting, result.exception)
        assert result.exit_code == 2, setting
        assert "hint: " in result.output, setting
