"""What enters a notebook: its tagged cell of literals, and the values that are given in their place."""

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import yaml

from research_lib.checks import suggest

TAG = "parameters"


class NotebookError(ValueError):
    """A notebook, a parameter or a value that cannot be run, told in one line."""


@dataclass(frozen=True)
class Parameter:
    """One line of the parameters cell: ``epochs: int | None = 15  # passes over the pairs``."""

    name: str
    default: Any
    comment: str
    takes_none: bool


def unknown_parameter(name: str, notebook: str, known: Iterable[str]) -> NotebookError:
    """The error for a parameter that a notebook does not have; papermill only warns."""
    takes = ", ".join(sorted(known)) or "no parameters"
    return NotebookError(f"Unknown parameter {name!r} for {notebook}.{suggest(name, known)} It takes: {takes}.")


def read_notebook(path: Path) -> dict[str, Any]:
    """A notebook as plain dicts, the source of each cell as one text.

    Its JSON is read as it is: importing nbformat takes seconds where JupyterLab is installed.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        version = notebook["nbformat"]
        for cell in notebook["cells"] if version == 4 else ():
            cell["source"] = "".join(cell["source"])
            cell["metadata"].keys(), cell["cell_type"]  # wanted by all that follows
    except OSError as error:
        raise NotebookError(f"{path}: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotebookError(f"{path}: not a notebook ({type(error).__name__}: {error}).") from error
    if version != 4:
        raise NotebookError(f"{path}: notebook format {version}, expected 4.")
    return notebook


def parameters_cell(cells: list[dict], notebook: str) -> int:
    """Position of the one cell tagged `parameters`; papermill says nothing when there is none, or two."""
    tagged = [i for i, cell in enumerate(cells) if TAG in cell["metadata"].get("tags", [])]
    if len(tagged) != 1:
        found = "none" if not tagged else "cells " + ", ".join(str(i + 1) for i in tagged)
        raise NotebookError(f"{notebook}: expected exactly one code cell tagged {TAG!r}, found {found}.")
    if cells[tagged[0]]["cell_type"] != "code":
        raise NotebookError(f"{notebook}, cell {tagged[0] + 1}: the cell tagged {TAG!r} must hold code.")
    return tagged[0]


def read_parameters(cells: list[dict], notebook: str) -> dict[str, Parameter]:
    """The parameters of a notebook by name.

    Read with `ast`: papermill's own reading misses annotations such as ``int | None`` and cuts defaults at ``#``.
    Literals only: a value derived from another parameter would stay as it was when that one is replaced.
    """
    index = parameters_cell(cells, notebook)
    source = cells[index]["source"]
    where = f"{notebook}, cell {index + 1}"
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise NotebookError(f"{where}, line {error.lineno}: {error.msg}; expected name = literal.") from error
    found = {}
    for statement in statements:
        parameter = _read_line(statement, source.splitlines(), where)
        if parameter.name in found:
            raise NotebookError(f"{where}, line {statement.lineno}: {parameter.name!r} is set twice.")
        found[parameter.name] = parameter
    return found


def _read_line(statement: ast.stmt, lines: list[str], where: str) -> Parameter:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            annotation = None
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
            pass
        case _:
            raise NotebookError(
                f"{where}, line {statement.lineno}: {ast.unparse(statement)!r}, expected name = literal."
            )
    try:
        default = plain(ast.literal_eval(value), name)
    except (ValueError, TypeError) as error:
        raise NotebookError(
            f"{where}, line {statement.lineno}: {name!r} is {ast.unparse(value)}, expected a literal; "
            "a value derived from others belongs in a later cell."
        ) from error
    end = value.end_lineno or value.lineno
    rest = lines[end - 1].encode()[value.end_col_offset :].decode()
    takes_none = default is None or (annotation is not None and "None" in ast.unparse(annotation))
    return Parameter(name, default, rest.partition("#")[2].strip(), takes_none)


def plain(value: Any, name: str) -> Any:
    """The same value as papermill can write it into a cell: numpy scalars and paths would fail late, tuples be text."""
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind in "biufUO":
        value = value.tolist()
    match value:
        case None | bool() | int() | float() | str():
            return value
        case PurePath():
            return str(value)
        case list() | tuple():
            return [plain(item, name) for item in value]
        case dict() if all(isinstance(key, str) for key in value):
            return {key: plain(item, name) for key, item in value.items()}
    raise NotebookError(f"Parameter {name!r}: a {type(value).__name__} cannot be given to a notebook.")


def fit(parameter: Parameter, value: Any, notebook: str) -> Any:
    """`value` as `parameter` takes it, or an error if its type is not that of the default."""
    value, default = plain(value, parameter.name), parameter.default
    if default is None or (value is None and parameter.takes_none):
        return value
    if type(default) is float and type(value) is int:
        return float(value)
    if type(value) is not type(default):
        raise NotebookError(
            f"Parameter {parameter.name!r} of {notebook} takes {type(default).__name__} (default {default!r}), "
            f"not {type(value).__name__} {value!r}."
        )
    return value


def merge(known: Mapping[str, Parameter], notebook: str, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """The values given in `layers`, a later one before an earlier one, each checked against the parameters cell."""
    given = {}
    for layer in layers:
        for name, value in layer.items():
            if name not in known:
                raise unknown_parameter(name, notebook, known)
            given[name] = fit(known[name], value, notebook)
    return given


class _Loader(yaml.SafeLoader):
    """YAML as one types it: ``1e-3`` is a number (YAML 1.1 wants ``1.0e-3``) and ``2018-01-31`` stays text.

    Aliases, with which a small file can stand for a huge value, and names that stand twice are errors.
    """

    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="an alias, expected plain values", problem_mark=self.peek_event().start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node, deep=False):
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for name in names:
            if names.count(name) > 1:
                raise yaml.MarkedYAMLError(problem=f"{name!r} stands twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


def read_literal(text: str, where: str) -> Any:
    """The value of a YAML text."""
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise NotebookError(f"{where}: not YAML: {' '.join(str(error).split())}") from error


def read_assignment(text: str) -> tuple[str, Any]:
    """``"epochs=3"`` as ``("epochs", 3)``."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier():
        raise NotebookError(f"-p {text}: expected name=value, for example -p epochs=3.")
    return name.strip(), read_literal(value, f"-p {text}")


def read_assignments(texts: Iterable[str]) -> dict[str, Any]:
    """Several of them; a name that is given twice is an error."""
    given: dict[str, Any] = {}
    for name, value in map(read_assignment, texts):
        if name in given:
            raise NotebookError(f"-p {name}: given twice, expected once.")
        given[name] = value
    return given


def read_file(path: str | Path) -> dict[str, Any]:
    """A YAML file of ``name: value``."""
    try:
        values = read_literal(Path(path).read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise NotebookError(f"{path}: {getattr(error, 'strerror', None) or 'not a text file'}.") from error
    if not isinstance(values, dict) or not all(isinstance(name, str) for name in values):
        raise NotebookError(f"{path}: expected lines of name: value.")
    return values


def preset(path: Path, which: str) -> dict[str, Any]:
    """What ``parameters/<which>.yml`` beside the notebook `path` holds for it."""
    file = path.parent / "parameters" / f"{which}.yml"
    values = read_file(file)
    names = sorted(notebook.stem for notebook in path.parent.glob("*.ipynb"))
    for name in values:
        if name not in names:
            raise NotebookError(f"{file}: no notebook named {name!r}.{suggest(name, names)}")
    if not isinstance(values.get(path.stem), dict):
        raise NotebookError(f"{file}: no values for {path.stem}; add '{path.stem}:' and its parameters, or {{}}.")
    return values[path.stem]
