"""README.md and RESULTS.md say what benchmarks and real runs wrote, number by number; no number is copied by hand."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def pages():
    """The module `benchmarks/fill.py`, which `make results` runs."""
    spec = importlib.util.spec_from_file_location("fill", ROOT / "benchmarks" / "fill.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["README.md", "RESULTS.md"])
def test_make_results_would_change_nothing(pages, name):
    page = (ROOT / name).read_text(encoding="utf-8")
    assert pages.fill(page) == page
    assert re.search(r"-->[+\d.,%]+<!--/n-->", page)  # there are numbers, and the markers are filled in
    assert "--><!--/n-->" not in page


def test_a_number_that_was_edited_by_hand_is_found(pages):
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    edited = re.sub(r"-->[+\d.,%]+<!--/n-->", "-->0.99<!--/n-->", page, count=1)
    assert edited != page
    assert pages.fill(edited) == page


def test_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
