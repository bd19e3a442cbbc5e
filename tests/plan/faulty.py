"""Plans that are wrong: where, why, and what helps."""

from __future__ import annotations

from tests.plan.writing import HEAD, STEPS, one_step, one_task

FAULTY = {
    "unknown key of a plan": (f"▶phase: []\n{one_task('')}", "unknown key 'phase'", "did you mean 'phases'?"),
    "need for needs": (one_task("▶need: []"), "unknown key 'need'", "did you mean 'needs'?"),
    "unknown key of a step": (
        one_step("{kind: image.pull, images: a, ▶image: b}"),
        "unknown key 'image'",
        "did you mean 'images'?",
    ),
    "a step's key named as its kind": (
        one_step("{kind: command, shell: x, ▶command: {a: b}}"),
        "unknown key 'command'",
        "did you mean 'shell'?",
    ),
    "a step's key as other tools have it": (
        one_step("{kind: command, argv: [x], ▶working-directory: a}"),
        "unknown key 'working-directory'",
        "did you mean 'folder'?",
    ),
    "a task's key as other tools have it": (
        one_task("▶depends_on: [a]"), "unknown key 'depends_on'", "did you mean 'needs'?"
    ),
    "unknown key deep inside": (
        one_step("{kind: kubernetes.apply, manifests: [{url: 'http://x', ▶sha: '1'}]}"),
        "unknown key 'sha'",
        "did you mean 'sha256'?",
    ),
    "missing key": (one_step("▶{kind: image.pull}"), "the key 'images' is missing", ""),
    "unknown kind": (
        one_step("kind: ▶kubernetes.aply"),
        "unknown step kind 'kubernetes.aply'",
        "did you mean 'kubernetes.apply'?",
    ),
    "kind of another type": (
        one_step("kind: ▶[command]"), "the step's kind must be text, not a list", "one of: cluster.create"
    ),
    "no kind": (one_step("▶shell: echo"), "the step has no kind", "add `kind:`"),
    "a step of text": (one_step("▶command"), "a step is a mapping, not 'command'", "add `kind:`"),
    "both forms of a command": (
        one_step("▶{kind: command, shell: a, argv: [b]}"),
        "a command wants either argv or shell",
        "a list of words",
    ),
    "duration in words": (one_task("timeout: ▶5 minutes"), "'5 minutes' is not a duration", "90s, 5m"),
    "duration of a wrong type": (one_task("timeout: ▶[5m]"), "a list is not a duration", "90s"),
    "duration of truth": (one_task("timeout: ▶true"), "true is not a duration", "90s"),
    "negative duration": (one_task("timeout: ▶-1"), "cannot be negative", ""),
    "endless duration": (one_task(f"timeout: ▶{'9' * 400}h"), "cannot be that long", ""),
    "duration among others": (
        one_task("retry: {signatures: dns, backoff: [1s, ▶2 s]}"),
        "backoff, item 2: '2 s' is not a duration",
        "90s",
    ),
    "port of text": (
        one_step("{kind: postgres.verify, tables: a, connection: "
        "{service: a, user: b, password: c, database: d, port: ▶http}}"),
        "port: a whole number is expected here, not 'http'",
        "",
    ),
    "port out of range": (
        one_step("{kind: postgres.verify, tables: a, connection: "
        "{service: a, user: b, password: c, database: d, port: ▶99999}}"),
        "must be at most 65535, not 99999",
        "",
    ),
    "truth for text": (
        one_step("{kind: command, shell: ▶true}"),
        "shell: text is expected here, not true",
        'in quotes: "true"',
    ),
    "a mapping for a list": (HEAD + "phases: ▶{}\n", "phases: a list is expected here, not a mapping", ""),
    "nothing for a list": (one_task("needs:▶"), "a list is expected here, not nothing", "remove its key"),
    "an empty list": (HEAD + "phases: ▶[]\n", "phases: at least one is required", ""),
    "limit of nothing": (one_task("", "limit: ▶0\n"), "must be more than 0, not 0", "Most tasks"),
    "not an id": (one_task("").replace("name: demo", "name: ▶My Demo"), "lower-case letters", ""),
    "a name that kind refuses": (
        one_task("", "cluster: {name: ▶my_demo, kubeconfig: config}\n"), "at most 49 lower-case letters", ""
    ),
    "a name too long for nodes": (
        one_task("", f"cluster: {{name: ▶{'a' * 50}, kubeconfig: config}}\n"), "at most 49", ""
    ),
    "another version": (
        one_task("").replace(": bringup/v1", ": ▶bringup/v9"),
        "must be 'bringup/v1', not 'bringup/v9'",
        "",
    ),
    "not a URL": (one_step("{kind: http.check, url: ▶localhost}"), "must be a URL that begins with", ""),
    "not a rollout": (
        one_step("{kind: kubernetes.wait, rollouts: [deployment/a, ▶pod/b]}"),
        "rollouts, item 2: 'pod/b' is not deployment/NAME",
        "",
    ),
    "not an object's name": (
        one_step("{kind: kubernetes.wait, rollouts: ▶deployment/*}"),
        "'*' is not the name of an object",
        "lower-case letters and digits, with - between them",
    ),
    "not a namespace's name": (
        one_step("{kind: kubernetes.wait, rollouts: deployment/a, namespace: ▶Team_A}"),
        "'Team_A' is not the name of a namespace",
        "",
    ),
    "not namespaces' names": (
        one_step("{kind: kubernetes.namespace, names: [a, ▶'b c']}"),
        "names, item 2: 'b c' is not the name of a namespace",
        "",
    ),
    "unknown failure": (
        one_task("retry: {signatures: [dns, ▶server-eror]}"),
        "unknown failure 'server-eror'",
        "did you mean 'server-error'?",
    ),
    "bad pattern": (
        one_task("retry: {signatures: [{pattern: ▶'('}]}"),
        "not a regular expression",
        "",
    ),
    "too many attempts": (
        one_task("retry: {attempts: ▶99, signatures: dns}"), "must be at most 20, not 99", "Attempts in all"
    ),
    "no such need": (one_task("needs: [▶frist]"), "'first' needs 'frist', which is no task", "'first'"),
    "no such need, alone": (one_task("needs: ▶frist"), "'first' needs 'frist', which is no task", "'first'"),
    "a need that is a phase": (
        one_task("needs: ▶one"), "'first' needs 'one', which is no task", "that is a phase: name its tasks"
    ),
    "an included plan without its name": (
        f"include: [▶storage.yaml]\n{one_task('')}",
        "include, item 1: a mapping is expected here, not 'storage.yaml'",
        "write each plan with its name",
    ),
    "an included plan elsewhere": (
        f"include: [{{plan: ▶https://x/y.yaml, as: y}}]\n{one_task('')}",
        "'https://x/y.yaml' cannot be read",
        "only files of this machine are included",
    ),
    "a task that needs itself": (one_task("needs: [▶first]"), "in a circle: first → first", "remove one"),
    "two tasks of one id": (
        one_task("") + "      - id: ▶first\n" + STEPS,
        "two tasks are called 'first'",
        "the other is on line 6",
    ),
    "two phases of one id": (
        one_task("") + f"  - id: ▶one\n    tasks:\n      - id: second\n{STEPS}",
        "two phases are called 'one'",
        "the other is on line 4",
    ),
    "need of a later phase": (
        one_task("needs: [▶second]") + f"  - id: two\n    tasks:\n      - id: second\n{STEPS}",
        "'first' needs 'second' of a later phase",
        "move 'second' to phase 'one' or an earlier one",
    ),
    "undefined variable": (
        one_task("title: 'say ▶${wrd}'", "variables: {word: hello}\n"),
        "variable 'wrd' is not defined",
        "did you mean 'word'?",
    ),
    "undefined on a later line": (
        one_step("kind: command\n            shell: |\n              a\n              b ▶${c}", ""),
        "variable 'c' is not defined",
        "",
    ),
    "not a variable's name": (one_task("title: ▶${a b}"), "'a b' is not a variable's name", "write ${name}"),
    "undefined in a variable": (
        one_task("title: ${a}", "variables: {a: [x, 'to ▶${b}']}\n"),
        "variable 'b' is not defined",
        "known here: a",
    ),
    "variables in a circle": (
        one_task("title: ${a}", "variables: {a: '${b}', b: '▶${a}'}\n"),
        "variables refer to each other in a circle: a → b → a",
        "give one of them a value",
    ),
    "a variable called folder": (one_task("", "variables: {▶folder: x}\n"), "'folder' is taken", "another"),
    "a key called folder": (one_task("", "▶folder: x\n"), "unknown key 'folder'", "${folder}"),
    "a variable with a dot": (one_task("", "variables: {▶a.b: x}\n"), "cannot be a variable's name", ""),
    "variables of a wrong type": (one_task("", "variables: ▶[a]\n"), "must be a mapping", ""),
    "wrong value by a variable": (
        one_task("timeout: ▶${t}", "variables: {t: soon}\n"),
        "'soon' is not a duration",
        "the value is that of ${t}, from plan.yaml:3:16",
    ),
    "undefined secret": (one_task("", "secrets: [▶token]\n"), "variable 'token' is not defined", ""),
    "a group as a secret": (
        one_task("", "variables: {a: {b: c}}\nsecrets: [▶a]\n"), "'a' is a group of variables", "name each"
    ),
    "a pattern that matches nothing": (
        one_step("{kind: kubernetes.apply, manifests: [▶'k8s/*.yaml']}"),
        "no file matches ",
        "a pattern begins at the plan's directory",
    ),
    "no such file": (
        one_step("{kind: kubernetes.apply, manifests: [▶none.yaml]}"), "no such file or directory:", ""
    ),
    "no such folder": (one_step("{kind: image.build, tag: a, context: ▶none}"), "no such directory:", ""),
    "a file for a folder": (
        one_step("{kind: image.build, tag: a, context: ▶plan.yaml}"), "a directory is expected here", ""
    ),
    "a capital in an image's name": (
        one_step("{kind: image.pull, images: [redis, ▶ghcr.io/Me/App:1]}"),
        "'ghcr.io/Me/App:1' is no image's name",
        "write it in lower case",
    ),
    "a digest of what is pushed": (
        one_step("{kind: image.push, images: ▶'me/app@sha256:%s'}" % ("0" * 64)),
        "has a digest, which only what is there already can have",
        "name it by a tag, such as me/app",
    ),
    "two tags": (one_step("{kind: image.build, tag: ▶'a:b:c', context: .}"), "is no image's", "name:tag"),
    "no Dockerfile": (one_step("▶{kind: image.build, tag: a, context: .}"), "no such file:", ""),
    "too long a path": (
        one_step("{kind: kubernetes.apply, manifests: ▶" + "a" * 5000 + "}"), "cannot be read", ""
    ),
    "an unknown user's home": (
        one_step("{kind: kubernetes.apply, manifests: ▶~nobody-of-that-name/a}"), "not a usable path", ""
    ),
    "no cluster": (
        one_step("▶kind: kind.create", ""), "kind.create uses the plan's cluster", "add to the plan"
    ),
    "key twice": (one_task("timeout: 5m\n▶timeout: 6m"), "the key 'timeout' stands here twice", "remove one"),
    "a key of a mapping": (one_task("▶{a: b}: c"), "a key must be plain text", ""),
    "a tag": (one_task("title: ▶!vault x"), "the tag '!vault' is not known here", "quotes"),
    "a list merged in": (one_task("<<: [▶a]"), "only mappings can be merged", ""),
    "indented with a tab": (
        one_task("").replace("    tasks", "▶\ttasks"), "is not YAML", "indent with spaces: YAML takes no tabs"
    ),
    "a reference in brackets": (
        one_task("needs: [▶${a}]").replace("▶${a}", "$▶{a}"), "is not YAML", 'put quotes around a reference'
    ),
    "a colon in a text": (one_task("title: a▶: b"), "mapping values are not allowed", "put quotes around"),
    "a text that begins with @": (one_task("title: ▶@a"), "cannot start any token", "put quotes around"),
    "an unknown alias": (one_task("title: ▶*a"), "undefined alias", "an anchor is written &name"),
    "open brackets": (one_task("needs: [a\ntitle▶: b"), "that begins on line 7", "check indentation"),
    "two documents": (one_task("") + "▶---\na: b\n", "expected a single document", ""),
    "a list": ("▶- a\n", "a plan must be a mapping", "begin with `apiVersion: bringup/v1`"),
    "a text": ("▶hello\n", "a plan must be a mapping", ""),
    "empty": ("▶# nothing here\n", "is empty", "bringup plan schema"),
    "a control character": (one_task("title: a▶\x07"), "U+0007 may not stand in YAML", "escape"),
}  # fmt: skip
