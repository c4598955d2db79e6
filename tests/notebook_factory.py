"""Small notebooks for tests, written as plain JSON: a title, the parameters, and cells of code."""

import json
from pathlib import Path

KERNELSPEC = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
PARAMETERS = 'dataset = "sample"  # a name of the catalogue\nepochs = 3  # passes over the pairs'
READS_THEM = "print(dataset, epochs)"


def code(source, *tags, **keys):
    metadata = {"tags": list(tags)} if tags else {}
    return {"cell_type": "code", "source": source, "metadata": metadata, "outputs": [], "execution_count": None} | keys


def markdown(source):
    return {"cell_type": "markdown", "source": source, "metadata": {}}


def notebook(*sources, parameters=PARAMETERS, metadata=KERNELSPEC):
    """A notebook that `check` finds nothing in, unless a source breaks a rule."""
    cells = [markdown("# Who is near?"), code(parameters, "parameters"), code(READS_THEM), *map(code, sources)]
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}


def write_project(root: Path, **notebooks) -> Path:
    """A folder with ``notebooks/<name>.ipynb``, and quick and real values for each; returns ``notebooks/``."""
    folder = root / "notebooks"
    (folder / "parameters").mkdir(parents=True)
    for name, content in notebooks.items():
        (folder / f"{name.removeprefix('_')}.ipynb").write_text(json.dumps(content), encoding="utf-8")
    names = [name.removeprefix("_") for name in notebooks]
    for which, epochs in (("quick", 1), ("real", 150)):
        values = {name: {"epochs": epochs} for name in names}
        (folder / "parameters" / f"{which}.yml").write_text(json.dumps(values), encoding="utf-8")  # JSON is YAML
    return folder
