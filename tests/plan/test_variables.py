"""Variables: defaults, values files over them, settings over those, each one able to use another."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plan.writing import HEAD, STEPS, faults_of, load, marked, one_task, write
from tui.plan.faults import Place

VARIABLES = """variables:
  word: hello
  port: 8080
  none: null
  list: [a, b]
  group: {one: 1, two: '${word} two'}
  empty: {}
  copy: ${group}
"""


def values_of(folder: Path, *settings: str, files: tuple[Path, ...] = ()) -> dict[str, object]:
    return load(folder, one_task("", VARIABLES), files, settings).variables


def test_a_whole_reference_keeps_its_type_and_others_become_text(tmp_path: Path) -> None:
    top = (
        "variables: {list: [a, b], port: 80, on: true, text: x, whole: '${list}', part: 'x ${list} ${on}'}\n"
    )
    text = one_task("title: '${port}: ${text}, $${text}'\ntimeout: ${port}", top)
    loaded = load(tmp_path, text)
    assert loaded.variables["whole"] == ["a", "b"]
    assert loaded.variables["part"] == 'x ["a", "b"] true'
    task = loaded.plan.tasks[0]
    assert (task.title, task.timeout) == ("80: x, ${text}", 80.0)


def test_later_layers_win_and_leave_the_rest(tmp_path: Path) -> None:
    files = tuple(
        write(tmp_path, text, name)
        for name, text in (("1.yaml", "group: {one: 5, two: 6}\nword: file"), ("2.yaml", "group: {two: 7}"))
    )
    values = values_of(tmp_path, "word=set", "word=last", "list=[c, '${word}']", files=files)
    assert values["word"] == "last"
    assert values["group"] == values["copy"] == {"one": 5, "two": 7}
    assert values["list"] == ["c", "last"]
    assert values["port"] == 8080


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("word=", ""),
        ("word=''", ""),
        ("word=null", None),
        ("word=true", True),
        ("word=5", 5),
        ("word='5'", "5"),
        ("word=1.20", "1.20"),
        ("word=a=b", "a=b"),
        ("word=#5", "#5"),
        ("word=@a: *b", "@a: *b"),
        ("word={", "is not YAML"),
        ("word=[1, [2]]", [1, [2]]),
        (" word = padded ", "padded"),
        ("word=ünï ☃", "ünï ☃"),
        ("word='a,port=5'", "a,port=5"),
        ("word=a,other=5", "a,other=5"),
    ],
)
def test_a_setting_is_a_scalar_unless_in_brackets_or_quotes(
    setting: str, value: object, tmp_path: Path
) -> None:
    if value == "is not YAML":
        fault = faults_of(write(tmp_path, one_task("", VARIABLES)), settings=[setting])[0]
        assert value in fault.cause
        assert fault.place.file == "--set word"
    else:
        assert values_of(tmp_path, setting)["word"] == value


def test_what_is_absent_or_empty_takes_a_group(tmp_path: Path) -> None:
    values = values_of(tmp_path, "none.a.b=c", "empty.x=1")
    assert values["none"] == {"a": {"b": "c"}}
    assert values["empty"] == {"x": 1}


@pytest.mark.parametrize(
    ("setting", "place", "cause", "hint"),
    [
        ("wrod=x", "--set wrod", "the plan has no variable 'wrod'", "did you mean 'word'?"),
        (
            "group.tow=x",
            "--set group.tow",
            "the plan has no variable 'group.tow'",
            "did you mean 'group.two'?",
        ),
        ("group=x", "--set group", "'group' is a group of variables", "known here: group.one, group.two"),
        ("word.a=x", "--set word.a", "'word' is one value, not a group", "give 'word' itself a value"),
        ("list.0=x", "--set list.0", "'list' is one value, not a group", ""),
        ("list[0]=x", "--set list[0]", "an item of a list cannot be set alone", "--set 'list=[a, b]'"),
        ("word={a", "--set word", "is not YAML", "--set 'word=\"{…\"'"),
        ("word='a", "--set word", "is not YAML", "end the text with ', too"),
        ("variables.word=a", "--set variables", "the plan has no variable 'variables'", "remove this key"),
        ("word=a,port=5", "--set word", "sets 'port' after a comma", "repeat --set for 'port'"),
        ("word", "--set word", "wants the form key.path=value", "--set postgres.user=me"),
        ("=x", "--set ", "wants the form key.path=value", ""),
        ("a..b=x", "--set a..b", "wants the form key.path=value", ""),
        ("none" + ".a" * 500 + "=x", "--set none.a.a", "wants the form key.path=value", ""),
        ("word=[\udcff]", "--set word", "is not UTF-8 text", ""),
    ],
)
def test_a_wrong_setting_is_told(setting: str, place: str, cause: str, hint: str, tmp_path: Path) -> None:
    [fault] = faults_of(write(tmp_path, one_task("", VARIABLES)), settings=[setting])
    assert str(fault.place).startswith(place)
    assert cause in fault.cause
    assert hint in fault.hint


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "~\n", "{}\n"])
def test_a_values_file_that_holds_nothing_changes_nothing(text: str, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    assert values_of(tmp_path, files=(file,))["word"] == "hello"


def test_a_dotted_key_is_told_how_to_be_written(tmp_path: Path) -> None:
    values = write(tmp_path / "values", "group.one: 2\n", "values.yaml")
    [fault] = faults_of(write(tmp_path, one_task("", VARIABLES)), [values])
    assert fault.hint == "write it as a group: group: {one: …}"


def test_all_that_is_wrong_in_values_files_is_told(tmp_path: Path) -> None:
    text = "▶wrod: x\ngroup:\n  ▶tow: 1\n  one: 3\n▶word: {a: b}\n▶copy: {c: d}\n"
    values, listed = write(tmp_path, text, "values.yaml"), write(tmp_path, "- a\n", "list.yaml")
    path = write(tmp_path, one_task("", VARIABLES))
    faults = faults_of(path, [tmp_path / "none.yaml", values, listed], ["wrod=x"])
    wanted = {*marked(text, str(values)), Place(str(tmp_path / "none.yaml"), 0), Place(str(listed))}
    assert {fault.place for fault in faults} == wanted | {Place("--set wrod", 0)}


def test_the_folder_is_that_of_the_file_in_which_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    top = "variables: {a: '${folder}/x', b: '${folder}', c: ['${folder}'], d: '${b}'}\n"
    path = write(tmp_path / "plan", one_task("title: ${a} ${folder}", top))
    values = write(tmp_path / "values", "b: ${folder}/y\n", "values.yaml")
    loaded = load(path.parent, path.read_text(), [values], ["c=${folder}"])
    assert loaded.variables == {
        "a": f"{path.parent}/x",
        "b": f"{values.parent}/y",
        "c": str(here),
        "d": f"{values.parent}/y",
    }
    assert loaded.plan.tasks[0].title == f"{path.parent}/x {path.parent}"


def test_wrong_values_from_a_setting_name_it(tmp_path: Path) -> None:
    [fault] = faults_of(
        write(tmp_path, one_task("timeout: ${a.t}", "variables: {a: {t: 5m}}\n")), settings=["a.t=soon"]
    )
    assert fault.hint.startswith("the value is that of ${a.t}, from --set a.t")


def test_numbers_from_variables_may_stand_for_text(tmp_path: Path) -> None:
    text = f"{HEAD}variables: {{port: 8080}}\nphases:\n  - id: one\n    tasks:\n      - id: first\n{STEPS}"
    text = text.replace("shell: 'true'", "shell: 'true', env: {PORT: '${port}'}")
    assert load(tmp_path, text).plan.tasks[0].steps[0].model_dump()["env"] == {"PORT": "8080"}


def test_relative_plans_and_values_work_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, one_task("need: a", VARIABLES), "sub/plan.yaml")
    assert [str(fault.place) for fault in faults_of(Path("sub/plan.yaml"))] == ["sub/plan.yaml:15:9"]
    monkeypatch.chdir(tmp_path / "sub")
    assert [str(fault.place) for fault in faults_of(Path("../sub/plan.yaml"))] == ["plan.yaml:15:9"]
