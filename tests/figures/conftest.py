import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from research_lib.containers.embedding import Embedding
from research_lib.figures import saving


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture
def places():
    """Ten novels, six plays, two poems and two of which nothing is known."""
    genre = ["novel"] * 10 + ["play"] * 6 + ["poem"] * 2 + [None] * 2
    year = pd.array([1800] * 12 + [1900] * 6 + [None] * 2, dtype="Int64")
    vectors = np.random.default_rng(0).normal(size=(20, 2))
    return Embedding(vectors, [f"book {i}" for i in range(20)], pd.DataFrame({"genre": genre, "year": year}))


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    monkeypatch.setenv(saving.RUN_VARIABLE, str(tmp_path / "run"))
    return tmp_path / "run"


@pytest.fixture
def shown(monkeypatch):
    """What a notebook would have been shown."""
    bundles = []
    monkeypatch.setattr(saving, "display", lambda bundle, **_: bundles.append(bundle))
    return bundles


@pytest.fixture
def texts():
    """Gives what is written in axes; arrows are texts too, empty ones."""
    return lambda ax: [text.get_text() for text in ax.texts if text.get_text()]
