"""The rules of a notebook's source, and `check`, which finds where it breaks them."""

import ast
from collections.abc import Iterator
from pathlib import Path

from research_lib import __all__ as public_names
from research_lib.runner.parameters import NotebookError, merge, parameters_cell, preset, read_notebook, read_parameters

IMPORTS = ("research_lib", "numpy", "pandas", "matplotlib", "torch")
NAMESPACES = ("baselines", "figures", "measures", "synthetic")  # of research_lib; its other rooms are its own business
CELL_LINES, CODE_CELLS = 12, 24
LEFT_BY_RUNNING = ("execution", "ExecuteTime", "papermill", "language_info", "widgets")


def check(notebook: str | Path) -> list[str]:
    """Where a notebook breaks the rules that keep it readable and runnable headless.

    Parameters
    ----------
    notebook : str or Path
        Path of the notebook; ``parameters/quick.yml`` and ``real.yml`` lie beside it.

    Returns
    -------
    list of str
        One line a problem: notebook, cell, what is there, what is expected. Empty if all is well.
    """
    path = Path(notebook)
    try:
        content = read_notebook(path)
    except NotebookError as error:
        return [str(error)]
    cells, name = content["cells"], path.stem
    trees: dict[int, ast.Module] = {}
    problems: list[str] = []
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] == "code":
            try:
                trees[number] = ast.parse(cell["source"])
            except SyntaxError as error:
                problems.append(f"{name}, cell {number}: {error.msg} in line {error.lineno}, expected plain Python.")
    problems += _parameters(path, cells, trees)
    rules = (_layout(content), _code(cells, trees), _stripped(content))
    return problems + [f"{name}{problem}" for rule in rules for problem in rule]


def _parameters(path: Path, cells: list[dict], trees: dict[int, ast.Module]) -> list[str]:
    name = path.stem
    try:
        index, known = parameters_cell(cells, name), read_parameters(cells, name)
    except NotebookError as error:
        return [str(error)]
    problems = []
    if index != 1:
        problems.append(f"{name}, cell {index + 1}: holds the parameters, expected in cell 2, after the title.")
    later = [tree for number, tree in trees.items() if number > index + 1]
    names = (node for tree in later for node in ast.walk(tree) if isinstance(node, ast.Name))
    read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
    for parameter in known.values():
        if not parameter.comment:
            problems.append(f"{name}, cell {index + 1}: parameter {parameter.name!r} has no comment, expected one.")
        if parameter.name not in read:
            problems.append(f"{name}: parameter {parameter.name!r} is read by no cell after the parameters.")
    for which in ("quick", "real"):
        try:
            merge(known, f"{name} ({which}.yml)", preset(path, which))
        except NotebookError as error:
            problems.append(str(error))
    return problems


def _layout(content: dict) -> Iterator[str]:
    cells = content["cells"]
    if not cells or cells[0]["cell_type"] != "markdown" or not cells[0]["source"].startswith("# "):
        yield ", cell 1: expected the title, a markdown cell that starts with '# '."
    if (content["metadata"].get("kernelspec") or {}).get("language") != "python":
        yield ": no kernelspec of language 'python' in its metadata, expected one (JupyterLab asks for it)."


def _code(cells: list[dict], trees: dict[int, ast.Module]) -> Iterator[str]:
    for number, tree in trees.items():
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]  # a list, not an idea
        lines = len(cells[number - 1]["source"].splitlines())
        lines -= sum((node.end_lineno or node.lineno) - node.lineno + 1 for node in imports)
        if lines > CELL_LINES:
            yield f", cell {number}: {lines} lines, expected at most {CELL_LINES}."
        for node in ast.walk(tree):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    yield f", cell {number}: defines {node.name!r}, expected no definition: logic is in the library."
                case ast.Import(names=names):
                    yield from _imports(number, [alias.name for alias in names])
                case ast.ImportFrom(module="research_lib", names=names, level=0):
                    yield from _imports(number, [f"research_lib.{n.name}" for n in names if n.name not in public_names])
                case ast.ImportFrom(module=module, level=level):
                    yield from _imports(number, ["." * level + (module or "")])
    n_cells = sum(cell["cell_type"] == "code" for cell in cells)
    if n_cells > CODE_CELLS:
        yield f": {n_cells} code cells, expected at most {CODE_CELLS}."


def _imports(number: int, modules: list[str]) -> Iterator[str]:
    for module in modules:
        package, _, room = module.partition(".")
        if package not in IMPORTS:
            yield f", cell {number}: imports {module!r}, expected only {', '.join(IMPORTS)}."
        elif package == "research_lib" and room and room not in NAMESPACES:
            namespaces = ", ".join(NAMESPACES)
            yield f", cell {number}: imports {module!r}, expected public names of research_lib, or of its {namespaces}."


def _stripped(content: dict) -> Iterator[str]:
    for number, cell in enumerate(content["cells"], start=1):
        if cell.get("outputs") or cell.get("execution_count") or set(LEFT_BY_RUNNING) & cell["metadata"].keys():
            yield f", cell {number}: holds what a run left, expected a stripped source (nbstripout)."
    for key in LEFT_BY_RUNNING:
        if key in content["metadata"]:
            yield f": metadata holds {key!r}, expected a stripped source (nbstripout)."
