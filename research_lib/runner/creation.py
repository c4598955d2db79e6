"""A notebook of one's own: a small one that obeys the rules, or a copy of another with parameters of one's own."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from research_lib.files import write_atomically
from research_lib.runner.discovery import discover, find
from research_lib.runner.parameters import NotebookError, merge, parameters_cell, preset, read_notebook, read_parameters

NAME = re.compile(r"\d\d_[a-z0-9_]+")
KERNELSPEC = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
STARTER = (
    "# {title}\n\nWhat does a reader want to know, and why?",
    'dataset = "sample"  # ingredients: "sample", "cosing", or the path of a table of your own\n'
    "n_shown = 12  # purposes in the figure",
    "from research_lib import load, record, save_figure\nfrom research_lib.figures import plot_counts",
    "## The data",
    'table = load("ingredients", dataset)\nrecord("n_ingredients", table.n_rows)\n'
    'table.cleaning.set_index("step").style.format("{{:,}}")',
    "## What was found",
    'counts = table.col_metadata["n_ingredients"].set_axis(table.col_names).head(n_shown)\n'
    'title = f"{{counts.index[0]}} is the commonest purpose"\n'
    'fig, ax = plot_counts(counts, "ingredients", title)\n'
    'save_figure(fig, "counts", caption="Purposes by the number of ingredients that have them.")\n'
    'record("finding", f"{{title}}: {{counts.iloc[0]:,}} of {{table.n_rows:,}} ingredients have it.")',
)


def create(
    name: str,
    *,
    title: str | None = None,
    source: str | Path | None = None,
    parameters: Mapping[str, Any] | None = None,
    notebooks: str | Path | None = None,
) -> Path:
    """Write a notebook, and give it quick and real values beside the others.

    Parameters
    ----------
    name : str
        Two digits and a slug: ``"10_my_question"``.
    title : str, optional
        Its first line; by default the slug in words, or the title of `source`.
    source : str or Path, optional
        The notebook that is copied; by default a small one to start from.
    parameters : dict, optional
        Defaults of one's own for parameters of `source`.
    notebooks : str or Path, optional
        Their folder, see `discover`.

    Returns
    -------
    Path
        The notebook.

    Raises
    ------
    NotebookError
        If the name is no such name or is taken, or a parameter is unknown.
    """
    folder = discover(notebooks)[0].parent
    path = folder / f"{name}.ipynb"
    if not NAME.fullmatch(name):
        raise NotebookError(f"Notebook name {name!r}, expected two digits and a slug such as 10_my_question.")
    if path.exists():
        raise NotebookError(f"{path} is there already, expected a new name.")
    if source is None:
        title = title or name[3:].replace("_", " ").capitalize()
        cells = [_cell(number, text.format(title=title)) for number, text in enumerate(STARTER)]
        values = {"quick": {"n_shown": 3}, "real": {"dataset": "cosing"}}
    else:
        original = find(source, notebooks)
        cells = read_notebook(original)["cells"]
        if title is not None:
            cells[0]["source"] = "\n".join([f"# {title}", *cells[0]["source"].splitlines()[1:]])
        _set_defaults(cells, name, parameters or {})
        values = {which: preset(original, which) for which in ("quick", "real")}
    content = {"cells": cells, "metadata": KERNELSPEC, "nbformat": 4, "nbformat_minor": 4}
    for which, chosen in values.items():
        file = folder / "parameters" / f"{which}.yml"
        line = f"{name}: {json.dumps(chosen, ensure_ascii=False)}\n"  # JSON is YAML
        write_atomically(file, (file.read_text(encoding="utf-8").rstrip("\n") + "\n" + line).encode())
    return write_atomically(path, f"{json.dumps(content, indent=1, ensure_ascii=False)}\n".encode())


def _cell(number: int, source: str) -> dict[str, Any]:
    """Markdown where the text is a heading, else code; the second cell holds the parameters."""
    if source.startswith("#"):
        return {"cell_type": "markdown", "metadata": {}, "source": source}
    metadata = {"tags": ["parameters"]} if number == 1 else {}
    return {"cell_type": "code", "execution_count": None, "metadata": metadata, "outputs": [], "source": source}


def _set_defaults(cells: list[dict], name: str, parameters: Mapping[str, Any]) -> None:
    """Put other literals into the parameters cell; names and comments stay."""
    known = read_parameters(cells, name)
    given = merge(known, name, parameters)
    lines = [
        f"{parameter.name} = {given.get(parameter.name, parameter.default)!r}  # {parameter.comment}"
        for parameter in known.values()
    ]
    cells[parameters_cell(cells, name)]["source"] = "\n".join(lines)
