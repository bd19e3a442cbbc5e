"""A plan's variables: defaults, then `--values` files, then `--set`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui.plan.document import Document, EmptyError, Path_, get, parse_document, read_document
from tui.plan.each import EACH
from tui.plan.faults import Fault, Place, PlanError, shown, suggest
from tui.plan.outputs import OUTPUT, have_outputs
from tui.plan.scope import Scope
from tui.plan.substitute import FOLDER, MOST_LETTERS, UndefinedError, each_text, fill, find, is_name, names
from tui.plan.yaml_values import MOST_DEPTH, parse_scalar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tui.plan.include import Included

_MOST_HOPS = 10
_ASSIGNED = re.compile(r",\s*([\w.-]+)=")


@dataclass(frozen=True, slots=True)
class _Written:
    """A value as it was written, with its document, path and scope.

    The merged variables are a tree of mappings with these as its leaves.
    """

    value: Any
    document: Document
    path: Path_
    scope: Scope

    def at(self, key: str) -> _Written:
        """Return one of a mapping's values."""
        return _Written(self.value[key], self.document, (*self.path, key), self.scope)

    @property
    def place(self) -> Place:
        """The place of its key, or of the value if it has none."""
        return self.document.keys.get(self.path) or self.document.place(self.path)


_TAKEN = {
    EACH: "the item of a task that has `each`",
    FOLDER: "the directory of the file it is written in",
}
_WITH_OUTPUTS = {**_TAKEN, OUTPUT: "what a command prints that has `output`"}


@dataclass(slots=True)
class Variables:
    """Variables in layers. One may use another: they are filled in on demand.

    Attributes:
        faults: What is wrong with them.
    """

    faults: list[Fault] = field(default_factory=list)
    _taken: Mapping[str, str] = field(default_factory=lambda: _TAKEN)
    _tree: dict[str, Any] = field(default_factory=dict)
    _known: dict[str, tuple[Any, int]] = field(default_factory=dict)
    _pending: list[str] = field(default_factory=list)
    _letters: int = 0

    def add_defaults(self, document: Document, scope: Scope) -> None:
        """Add the `variables` of a plan, or of one that it includes."""
        defaults = document.value.get("variables")
        written = _Written({} if defaults is None else defaults, document, ("variables",), scope)
        if not isinstance(written.value, dict):
            self._emit(
                document.place(("variables",)),
                "variables must be a mapping of names to values",
                "write name: value",
            )
            return
        for name in written.value:
            if name in self._taken:
                cause = f"{name!r} is taken: it is {self._taken[name]}"
                self._emit(written.at(name).place, cause, "choose another name")
            elif not is_name(name) or "." in name:
                cause = f"{shown(name)} cannot be a variable's name"
                self._emit(written.at(name).place, cause, "letters, digits, _ and - can")
        self._merge(self._tree_of(scope), written, (), new=True)

    def add_included(self, document: Document, included: Included) -> None:
        """Add the variables of a plan that is included, with what it is given.

        Args:
            document: The plan that includes it.
            included: The plan that is included.

        Raises:
            PlanError: It is called like a variable.
        """
        *above, name = included.name.split(".")
        tree = self._tree
        for part in above:
            tree = tree[part]
        if name in tree:
            place = document.place((*included.path, "as"))
            raise PlanError.at(place, f"{shown(name)} is taken: it is a variable", "choose another name")
        tree[name] = {}
        self.add_defaults(included.document, included.scope)
        given = get(document.value, (*included.path, "with"))
        if isinstance(given, dict):
            path, scope = (*included.path, "with"), document.scope(included.path)
            self._merge(tree[name], _Written(given, document, path, scope), (), new=False, root=tree[name])

    def check_given(self, document: Document, included: Included) -> None:
        """Find what a plan that is included wants to be given, and is not; see `add_included`."""
        for name, node in _leaves(self._tree_of(included.scope)):
            if node.value is None and node.document is included.document:
                place = document.place(included.path)
                cause = f"{shown(included.name)} is given no value for its variable {shown(name)}"
                self._emit(
                    place, cause, f"add `with: {{{name.replace('.', ': {')}: …{'}' * name.count('.')}}}`"
                )

    def add_file(self, path: Path) -> None:
        """Add the variables of a `--values` file; an empty one changes nothing."""
        try:
            document = read_document(path)
        except EmptyError:
            return
        except PlanError as error:
            self.faults += error.faults
            return
        if document.value is None:
            return
        if isinstance(document.value, dict):
            scope = Scope("", Path(path).absolute().parent)
            self._merge(self._tree, _Written(document.value, document, (), scope), (), new=False)
        else:
            self._emit(document.place(()), "must be a mapping of the plan's variables", "write name: value")

    def add_setting(self, setting: str) -> None:
        """Add a `--set key.path=value`; a value in brackets or quotes is YAML, any other a scalar.

        One without a value is an empty text, as where a variable of the shell is not set.
        """
        name, equals, text = (part.strip() for part in setting.partition("="))
        place = Place(f"--set {shown(name)[1:-1]}", 0)
        parts = name.split(".")
        if not equals or not all(parts) or len(parts) > MOST_DEPTH:
            self._emit(place, "wants the form key.path=value", "for example --set postgres.user=me")
            return
        known = names(self._tree)
        if name.endswith("]") and (whole := name.partition("[")[0]) in known:
            hint = f"set all of it: --set '{whole}=[a, b]'"
            self._emit(place, "an item of a list cannot be set alone", hint)
            return
        value: Any = parse_scalar(text) if text else ""
        if text.startswith(("[", "{", '"', "'")):
            try:
                value = parse_document(text, place.file).value
            except PlanError as error:
                hint = f"put quotes around a text that begins like YAML: --set '{name}=\"{text[0]}…\"'"
                hint = f"end the text with {text[0]}, too" if text[0] in "\"'" else hint
                self._emit(place, error.faults[0].cause, hint)
                return
        elif more := next((found for found in _ASSIGNED.findall(text) if found in known), ""):
            hint = f"repeat --set for {more!r}, or put quotes around a text: --set '{name}=\"…\"'"
            self._emit(place, f"sets {more!r} after a comma, which is taken as text", hint)
            return
        for part in reversed(parts):
            value = {part: value}
        document = Document(place.file, value, {(): place})
        self._merge(self._tree, _Written(value, document, (), Scope("", Path.cwd())), (), new=False)

    def _tree_of(self, scope: Scope) -> dict[str, Any]:
        """Return the variables that are known in a scope."""
        tree = self._tree
        for part in scope.name.split(".") if scope.name else ():
            tree = tree[part]
        return tree

    def _merge(
        self,
        tree: dict[str, Any],
        given: _Written,
        at: tuple[str, ...],
        *,
        new: bool,
        root: dict[str, Any] | None = None,
    ) -> None:
        """Lay one layer over another; only a `new` one may have variables that are not there yet.

        Args:
            tree: The variables so far.
            given: The layer.
            at: Where the two are among all variables.
            new: Whether it may have further ones.
            root: The variables of the plan that the layer is of; those of the whole if absent.
        """
        root = self._tree if root is None else root
        for key in given.value:
            written, path, old = given.at(key), (*at, key), tree.get(key)
            free = new or old == {} or (isinstance(old, _Written) and old.value is None)
            name = ".".join(path)
            if not new and key not in tree:
                known = names(root)
                group = f"write it as a group: {key.replace('.', ': {')}: …{'}' * key.count('.')}"
                hint = group if name in known else suggest(name, known)
                if name == "variables":
                    hint = "remove this key: the variables themselves stand at the top of the file"
                which = "the plan" if root is self._tree else "what is included"
                self._emit(written.place, f"{which} has no variable {shown(name)}", hint)
            elif isinstance(written.value, dict) and (free or isinstance(old, dict)):
                tree[key] = old if isinstance(old, dict) else {}
                self._merge(tree[key], written, path, new=free, root=root)
            elif isinstance(written.value, dict):
                hint = f"give {shown(name)} itself a value"
                self._emit(written.place, f"{shown(name)} is one value, not a group of variables", hint)
            elif isinstance(old, dict) and old:
                cause = f"{shown(name)} is a group of variables, not one value"
                self._emit(written.place, cause, suggest("", names(old, f"{name}.")))
            else:
                tree[key] = written

    def _emit(self, place: Place, cause: str, hint: str = "") -> None:
        self.faults.append(Fault(place, cause, hint))

    def look_up(self, name: str, scope: Scope) -> Any:
        """Return a variable's value with its own references filled in.

        Args:
            name: Its dotted name.
            scope: Where the name is written.

        Raises:
            UndefinedError: There is no such variable, it leads back to itself, or to far too much.
        """
        if name == FOLDER:
            return str(scope.folder)
        full = scope.full(name)
        if full not in self._known:
            self._known[full] = self._filled(name, scope)
        value, size = self._known[full]
        if isinstance(value, UndefinedError):
            raise value.with_traceback(None)
        self._letters += size
        if self._letters > MOST_LETTERS:
            raise UndefinedError("variables expand without bound", "they use one another too often")
        return value

    def _filled(self, name: str, scope: Scope) -> tuple[Any, int]:
        """Return a variable's value and size, or the error that it has none."""
        full = scope.full(name)
        if full in self._pending:
            chain = " → ".join([*self._pending[self._pending.index(full) :], full])
            return UndefinedError(
                f"variables refer to each other in a circle: {chain}", "give one of them a value"
            ), 0
        if len(self._pending) >= _MOST_HOPS:
            return UndefinedError(f"more than {_MOST_HOPS} variables lead from one to the next"), 0
        self._pending.append(full)
        try:
            value = self._fill(find(self._tree_of(scope), name))
            return value, _size(value)
        except UndefinedError as error:
            return error, 0
        finally:
            self._pending.pop()

    def _fill(self, node: Any) -> Any:
        if isinstance(node, dict):
            return {key: self._fill(item) for key, item in node.items()}
        written: _Written = node
        return each_text(written.value, lambda text, path: self._text(text, path, written), written.path)

    def _text(self, text: str, path: Path_, written: _Written) -> Any:
        try:
            return fill(text, lambda name: self.look_up(name, written.scope))
        except UndefinedError as error:
            error.place = error.place or written.document.place_of(path, error.reference)
            raise

    def resolved(self) -> dict[str, Any]:
        """Return all variables, filled in; those that cannot be filled in become faults."""

        def fill_in(node: Any) -> Any:
            if isinstance(node, dict):
                return {key: fill_in(item) for key, item in node.items()}
            try:
                return self._fill(node)
            except UndefinedError as error:
                self._emit(error.place or node.place, error.cause, error.hint)
                return node.value

        return {key: fill_in(node) for key, node in self._tree.items()}

    def origin(self, name: str, scope: Scope) -> Place | None:
        """Return where a variable is written; None if it is unknown or a group."""
        try:
            node = find(self._tree_of(scope), name)
        except UndefinedError:
            return None
        return node.document.place(node.path) if isinstance(node, _Written) else None


def _leaves(tree: dict[str, Any], above: str = "") -> Iterator[tuple[str, _Written]]:
    """Yield the values of a tree of variables by their dotted names."""
    for name, node in tree.items():
        if isinstance(node, dict):
            yield from _leaves(node, f"{above}{name}.")
        else:
            yield f"{above}{name}", node


def _size(value: Any) -> int:
    """Return the size of a value, in letters.

    Raises:
        UndefinedError: It is nested too deeply.
    """
    size, pending = 0, [(value, 0)]
    while pending:
        each, depth = pending.pop()
        if depth > MOST_DEPTH:
            raise UndefinedError("variables nest too deeply")
        size += 8
        if isinstance(each, str):
            size += len(each)
        elif isinstance(each, dict):
            pending += [(item, depth + 1) for pair in each.items() for item in pair]
        elif isinstance(each, list):
            pending += [(item, depth + 1) for item in each]
        if size + len(pending) > MOST_LETTERS:
            break
    return size


def collect(
    document: Document, included: Sequence[Included], files: Iterable[Path], settings: Sequence[str]
) -> Variables:
    """Return a plan's variables with what the user changed: files first, settings over them.

    Args:
        document: The plan.
        included: The plans that it includes.
        files: The --values files.
        settings: The --set settings.

    Raises:
        PlanError: A plan is included under the name of a variable.
    """
    variables = Variables(_taken=_WITH_OUTPUTS if have_outputs(document) else _TAKEN)
    variables.add_defaults(document, document.scope(()))
    for each in included:
        variables.add_included(document, each)
    for file in files:
        variables.add_file(file)
    for setting in settings:
        variables.add_setting(setting)
    for each in included:
        variables.check_given(document, each)
    return variables
