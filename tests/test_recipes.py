"""The recipes of CONTRIBUTING.md, followed word by word on a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RECIPES = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path):
    """A copy of the project; gives its folder and a function that runs a command of python in it."""
    folder = tmp_path / "project"
    left_out = shutil.ignore_patterns(".*", "runs", "figures", "*.egg-info", "build")  # numba's cache comes along
    shutil.copytree(ROOT, folder, ignore=left_out)
    environment = os.environ | {"PYTHONPATH": str(folder), "RESEARCH_LIB_DATA": str(tmp_path / "cache")}

    def python(*arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    return folder, python


def test_a_dataset_is_added(project):
    folder, python = project
    assert "research-lib data describe purchases.csv" in RECIPES
    (folder / "purchases.csv").write_text("customer,product,date\nann,tea,2024-05-01\nann,milk,2024-05-03\n")
    entry = python("-m", "research_lib.cli", "data", "describe", "purchases.csv")
    filled = {'kind = "…"': 'kind = "log"', "rows = 0": "rows = 2", "columns = 0": "columns = 3", '"…"': '"ours"'}
    for gap, value in filled.items():
        assert gap in entry
        entry = entry.replace(gap, value)
    with (folder / "research_lib" / "datasets" / "catalogue.toml").open("a", encoding="utf-8") as catalogue:
        catalogue.write(f"\n{entry}")
    assert "my-purchases: purchases.csv" in python("-m", "research_lib.cli", "data", "import", ".")
    [load] = re.findall(r"`\.venv/bin/python -c '(.*load\(\"log\".*)'`", RECIPES)
    assert "2 pairs, from my-purchases" in python("-c", load)
    agreed = folder / "tests" / "datasets" / "test_catalogue.py"
    text = agreed.read_text(encoding="utf-8")
    assert '"movielens-small"]' in text
    agreed.write_text(text.replace('"movielens-small"]', '"movielens-small", "my-purchases"]'), encoding="utf-8")
    python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(agreed))


def test_a_model_is_added(project):
    folder, python = project
    [name] = re.findall(r"Save this as `(.*)`", RECIPES)
    [line] = re.findall(r"Add the line `(from .*)` to", RECIPES)
    [model] = re.findall(r"add `(\".*\),)`", RECIPES)
    [source] = re.findall(r"```python\n(.*?)```", RECIPES, re.DOTALL)
    (folder / name).write_text(source, encoding="utf-8")
    with (folder / "research_lib" / "__init__.pyi").open("a", encoding="utf-8") as face:
        face.write(f"{line}\n")
    shared = folder / "tests" / "models" / "pairs" / "test_every_pair_model.py"
    text = shared.read_text(encoding="utf-8").replace("NULLS = {", f"NULLS = {{\n    {model}")
    shared.write_text(f"from research_lib import NeighbourMean\n{text}", encoding="utf-8")
    told = python("-m", "pytest", "-q", "-p", "no:cacheprovider", str(shared), "-k", "neighbour")
    assert re.search(r"\b(\d+) passed", told) and "failed" not in told


def test_a_notebook_is_added(project):
    _, python = project
    assert 'research-lib new 10_my_question --title "What do I want to know?"' in RECIPES
    python("-m", "research_lib.cli", "new", "10_my_question", "--title", "What do I want to know?")
    assert python("-m", "research_lib.cli", "check", "10_my_question") == "1 checked: no problems\n"
    told = python("-m", "research_lib.cli", "run", "10_my_question", "--quick")
    assert "n_ingredients = 556" in told and "figures/counts.png" in told
