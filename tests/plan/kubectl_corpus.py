"""Manifests as people write them, to be read by kubectl and by us.

`@` stands for a name that is the file's own, `@@` for the letter. Those that begin with `data:`, `x:` or `a:`
get a head with `apiVersion`, `kind` and `metadata`.
"""

from __future__ import annotations

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: @}\n"
OTHER = HEAD.replace("@", "@-b")
JSON = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"@"}%s}'

READ_ALIKE: dict[str, str | bytes] = {
    "words": "data: {a: y, b: Y, c: n, d: yes, e: YES, f: oN, g: off, h: True, i: tRUE, j: On, k: Off}\n",
    "nulls": "data:\n  a: ~\n  b: null\n  c: Null\n  d: NULL\n  e:\n  f: nULL\n",
    "octal": "data: {a: 0o17, b: 017, c: 08, d: 0644, e: 0O17, f: -0o7, g: 0o8, h: 00, i: 0_7, j: 0o644}\n",
    "integers": "data: {a: 0b101, b: 0x1f, c: 1_000, d: +5, e: -0, f: 0X1F, g: -0x10, h: 1__0, i: 1_}\n",
    "no integers": "data: {a: _1, b: 0x, c: 0b, d: '0644', e: 1-2, f: 0xg, g: 1 000}\n",
    "floats": "data: {a: 1.0, b: 1e3, c: 1E-3, d: .5, e: 5., f: -.5, g: +1.5, h: 1_0.5, i: -0.0, j: 12e03}\n",
    "no floats": "data: {a: 1e3.5, b: 1.2.3, c: .e3, d: 0x1p3, e: 1e, f: 1e400, g: '.', h: ..., i: 1.5.}\n",
    "long integers": "data: {a: 9223372036854775807, b: -9223372036854775808, c: 18446744073709551616}\n",
    "long floats": "data: {a: 1e21, b: 1e20, c: 1.5e300, d: 123456789012345678901234567890, e: 0.1}\n",
    "times": "data: {a: 2001-01-01, b: 2001-12-14t21:59:43.10-05:00, c: 1:30, d: 190:20:30, e: 22:22}\n",
    "signs": "data: {a: =, b: '=', c: <, d: '<<', e: -, f: '-', g: ~/x, h: 50%, i: a:b, j: ab#cd}\n",
    "comment": "data:   # one\n  a: ab #cd\n  b: http://x/y # two\n",
    "keys": "data: {1: a, true: b, 1.5: c, no: d, 0x10: e, 1e3: f, 2001-01-01: g, y: h, '1_0': i}\n",
    "tags": "data: {a: !!str 1, b: !!int '3', c: !foo x, d: !foo 3, e: !!float 3, f: !!bool 'yes', h: ! 3}\n",
    "more tags": "data: {a: !!null '', b: !!binary aGVsbG8=, c: !!set {a, b}, d: !foo {a: b}}\n",
    "merge before": "x: &x {a: 1, b: 2}\ndata:\n  <<: *x\n  a: 9\n",
    "merge after": "x: &x {a: 1, b: 2}\ndata:\n  a: 9\n  <<: *x\n",
    "merge several": "x: [&x {a: 1}, &z {a: 2, c: 3}]\ndata:\n  <<: [*x, *z]\n",
    "merge twice": "x: [&x {a: 1}, &z {a: 2, c: 3}]\ndata:\n  <<: *x\n  <<: *z\n",
    "merge as text": "data:\n  '<<': {a: 1}\n",
    "aliases": "x: &x [1, 2]\ndata: {a: *x, b: *x, c: &k v, *k : d}\n",
    "anchor again": "x: [&x 1, &x 2]\ndata: {a: *x}\n",
    "key twice": "data: {a: 1, a: 2}\n",
    "section twice": "data: {a: 1}\ndata: {b: 2}\n",
    "block": "data:\n  a: |\n    x\n     y\n\n  b: >-\n    x\n    y\n\n    z\n  c: |+\n    k\n\n  d: |2\n      i\n",  # noqa: E501
    "double quotes": 'data:\n  b: "x\\\n    y\\n\\x41\\u00e9\\U0001F600\\e"\n  d: "\\""\n',
    "single quotes": "data:\n  a: 'x\n    y'\n  c: 'it''s'\n",
    "plain lines": "data:\n  a: x\n   y\n\n   z\n",
    "separator in block": "data:\n  a: |\n    x\n    ---\n    y\n",
    "flow": 'data: {"a":1,"b":"x",c:1,d: [x, y,], e: {f}}\n',
    "empty": "data: {}\nx: []\nz: ''\n",
    "explicit keys": "data:\n  ? a\n  : b\n  ? c\n",
    "indentless": "data:\n- x\n- a: b\n  c:\n  - d\n",
    "tabs between": "data:\t# tab\n  a:\tb\n",
    "deep": "data: " + "[" * 150 + "]" * 150 + "\n",
    "windows": (HEAD + "data:\n  a: |\n    x\n    y\n  b: z\n").replace("\n", "\r\n"),
    "old mac": (HEAD + "data: {a: b}\n").replace("\n", "\r"),
    "mark": "\ufeff" + HEAD,
    "second mark": f"{HEAD}---\n\ufeff{OTHER}",
    "utf-16": ("\ufeff" + HEAD).encode("utf-16-le"),
    "utf-16 big": ("\ufeff" + HEAD).encode("utf-16-be"),
    "letters": "data: {a: é, b: 'x\u2028y', c: 😀, d: \ue0a0, e: 'x\x85y', f: \U00100000}\n",
    "documents": f"---\n{HEAD}---\n---\n# only\n---\n{OTHER}...\n",
    "separators": f"# first\n\n---   \n{HEAD}---\t\n{OTHER}---\n",
    "end mark": f"{HEAD}...\n---\n{OTHER}",
    "null document": f"null\n---\n{HEAD}",
    "rendered": f"---\n# Source: a.yaml\n{HEAD}---\n# Source: b.yaml\n\n---\n# Source: c.yaml\n{OTHER}",
    "white space first": f"  \n \n{HEAD}",
    "nothing": "",
    "comments only": "# nothing\n",
    "separators only": "---\n---\n",
    "json": JSON % ',"data":{"a":"\\ud83d\\ude00\\u00e9\\/","f":1.0,"g":1e3,"i":12345678901234567890}',
    "json half a pair": JSON % ',"data":{"a":"\\ud83d"}',
    "json stream": JSON % "" + JSON.replace("@", "@-b") % "" + "\n",
    "json lines": JSON % "" + "\n" + JSON.replace("@", "@-b") % "" + "\n\n",
    "json key twice": JSON % ',"data":{"a":"1","a":"2"}',
    "json tabs": "\n\t" + (JSON % "").replace(",", ",\n\t"),
    "json after comment": "# c\n" + JSON % "",
    "json after separator": "---\n" + JSON % "",
    "list": f"apiVersion: v1\nkind: List\nitems:\n- {JSON % ''}\n- {JSON.replace('@', '@-b') % ''}\n",
    "list of a kind": "apiVersion: v1\nkind: ConfigMapList\nitems:\n- metadata: {name: @}\n",
    "empty list": "apiVersion: v1\nkind: List\nitems: []\n",
    "null list": "apiVersion: v1\nkind: List\nitems:\n",
    "items": f"apiVersion: example.com/v1\nkind: Basket\nmetadata: {{name: b}}\nitems: [{JSON % ''}]\n",
    "exported": JSON.replace('"@"', '"@","uid":"u","resourceVersion":"1","creationTimestamp":null') % "",
}

REFUSED_ALIKE: dict[str, str | bytes] = {
    "not a number": "data: {a: .nan}\n",
    "infinite": "data: {a: -.INF}\n",
    "null key": "data: {~: a}\n",
    "list key": "data: {[a]: a}\n",
    "mapping key": "data: {? {a: 1} : a}\n",
    "bad tag": "data: {a: !!int 'x'}\n",
    "merge of text": "data:\n  <<: 3\n",
    "merge of several": "data:\n  <<: [{a: 1}, 3]\n",
    "merge of nothing": "data:\n  <<: ~\n",
    "no anchor": "data: {a: *x}\n",
    "alias in itself": "data: &d {a: *d}\n",
    "aliases without end": "a: &a [1,1,1,1,1,1,1,1,1]\n"
    + "".join(f"{n}: &{n} [{','.join([f'*{o}'] * 9)}]\n" for o, n in zip("abcdef", "bcdefg", strict=True)),
    "tab": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: @\n",
    "control": "data: {a: 'x\x1by'}\n",
    "utf-16 without mark": HEAD.encode("utf-16-le"),
    "text": "hello\n",
    "array": "- 1\n",
    "json array": f"[{JSON % ''}]",
    "no kind": "apiVersion: v1\nmetadata: {name: @}\n",
    "number as name": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 12}\n",
    "four dashes": f"{HEAD}----\n{OTHER}",
    "percent": "data: {a: %50}\n",
    "at": "data: {a: @@x}\n",
    "backtick": "data: {a: `x`}\n",
    "template": "data: {{ .Values.data }}\n",
    "unclosed": "data: {a: b\n",
    "bad escape": 'data: {a: "\\d"}\n',
    "surrogates in yaml": 'data: {a: "\\ud83d\\ude00"}\n',
    "long key": "data:\n  " + "k" * 1030 + ": v\n",
}


def content(case: str | bytes, name: str) -> bytes:
    """Return a case as it is written to a file."""
    if isinstance(case, bytes):
        return case.replace("@".encode("utf-16-le"), name.encode("utf-16-le")) if b"\0" in case else case
    text = HEAD + case if case.startswith(("data:", "x:", "a:")) else case
    return text.replace("@@", "\0").replace("@", name).replace("\0", "@").encode()
