"""What `book_links.py` sets side by side, each to be run in a process of its own: TensorFlow and torch never share one.

    python benchmarks/contestants.py NAME FOLDER EPOCHS TARGET

reads FOLDER/table.npz, writes FOLDER/NAME.json (losses, seconds) and the vectors. EPOCHS are the tutorial model's,
TARGET is the topic agreement to be reached, 0 for none.
"""

import json
import random
import sys
import time
from bisect import bisect_left
from pathlib import Path

import numpy as np

TUTORIAL = {"n_dims": 50, "n_positive": 1024, "negative_ratio": 2}


class Recorder:
    """Loss, training seconds so far and book vectors after every epoch; keeping them does not count as training."""

    def __init__(self, path: Path):
        self.path, self.losses, self.seconds, self.paused = path, [], [], 0.0
        self.start = time.perf_counter()

    def epoch(self, rows: np.ndarray, loss: float | None = None) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self.start - self.paused)
        self.losses.append(loss)
        np.save(f"{self.path}-{len(self.seconds)}.npy", rows)
        self.paused += time.perf_counter() - now

    def result(self, rows: np.ndarray, cols: np.ndarray) -> dict:
        np.savez(f"{self.path}.npz", rows=rows, cols=cols)  # a book's score for a link is their dot product
        return {"losses": self.losses, "seconds": self.seconds}


def tutorial_batches(pairs: list, n_rows: int, n_cols: int, n_positive: int, negative_ratio: int):
    """The tutorial's generator: distinct positives, then negatives one by one, none of them a positive; shuffled."""
    known = set(pairs)
    batch = np.zeros((n_positive * (1 + negative_ratio), 3))
    while True:
        for filled, pair in enumerate(random.sample(pairs, n_positive), start=1):
            batch[filled - 1] = (*pair, 1)
        while filled < len(batch):
            pair = random.randrange(n_rows), random.randrange(n_cols)
            if pair not in known:
                batch[filled] = (*pair, -1)
                filled += 1
        np.random.shuffle(batch)  # noqa: NPY002 — as it is written there
        yield {"book": batch[:, 0], "link": batch[:, 1]}, batch[:, 2]


def run_keras(table: dict, path: Path, epochs: int, target: float) -> dict:
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)  # Python's, NumPy's and TensorFlow's
    book, link = keras.Input((1,), name="book"), keras.Input((1,), name="link")
    books, links = (layers.Embedding(table[size], TUTORIAL["n_dims"]) for size in ("n_rows", "n_cols"))
    cosine = layers.Dot(axes=2, normalize=True)([books(book), links(link)])
    model = keras.Model([book, link], layers.Reshape((1,))(cosine))
    model.compile(optimizer="Adam", loss="mse")
    pairs = [tuple(pair) for pair in table["train"].tolist()]
    n_positive = min(TUTORIAL["n_positive"], len(pairs))
    batches = tutorial_batches(pairs, table["n_rows"], table["n_cols"], n_positive, TUTORIAL["negative_ratio"])
    recorder = Recorder(path)
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: recorder.epoch(books.get_weights()[0], logs["loss"])
    )
    model.fit(batches, steps_per_epoch=len(pairs) // n_positive, epochs=epochs, callbacks=[keep], verbose=0)
    rows, cols = books.get_weights()[0], links.get_weights()[0]
    return recorder.result(rows, cols / np.linalg.norm(cols, axis=1, keepdims=True))


def run_implicit(table: dict, path: Path, model) -> dict:
    from scipy.sparse import csr_matrix

    train, n_dims = table["train"], TUTORIAL["n_dims"]
    matrix = csr_matrix((np.ones(len(train), np.float32), train.T), shape=(table["n_rows"], table["n_cols"]))
    recorder = Recorder(path)
    # BPR's vectors have one entry more, a constant beside the link's bias: it scores, but is no part of the book.
    model.fit(matrix, show_progress=False, callback=lambda *_: recorder.epoch(model.user_factors[:, :n_dims]))
    return recorder.result(model.user_factors, model.item_factors)


def run_als(table: dict, path: Path, epochs: int, target: float) -> dict:
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(TUTORIAL["n_dims"], alpha=40, regularization=10, iterations=15, random_state=0)
    return run_implicit(table, path, model)


def run_bpr(table: dict, path: Path, epochs: int, target: float) -> dict:
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    # With its default learning rate, 0.01, it has learnt next to nothing by then.
    model = BayesianPersonalizedRanking(
        TUTORIAL["n_dims"], learning_rate=0.1, regularization=0.03, iterations=20, random_state=0
    )
    return run_implicit(table, path, model)


def run_ours(table: dict, path: Path, model, target: float) -> dict:
    """A whole run; then, by halving, the fewest epochs with which a whole run reaches the target."""
    from research_lib.containers.interactions import Interactions

    interactions = Interactions(table["train"], range(table["n_rows"]), range(table["n_cols"]), axes=("book", "link"))
    seconds = {}

    def topic(epochs: int) -> float:
        start = time.perf_counter()
        model.set_params(epochs=epochs).fit(interactions)
        seconds[epochs] = time.perf_counter() - start
        return topic_agreement(model.row_embedding_.vectors, table["topics"])

    epochs = model.epochs
    result = {"topic": topic(epochs), "hit": hit_at_100(model.score_cols, table), "total": seconds[epochs]}
    result |= {key: model.history_[column].tolist() for key, column in (("losses", "loss"), ("seconds", "seconds"))}
    np.savez(f"{path}.npz", rows=model.row_embedding_.vectors)
    if 0 < target <= result["topic"]:
        result["until"] = seconds[1 + bisect_left(range(1, epochs), target, key=topic)]
    return result


def run_mse(table: dict, path: Path, epochs: int, target: float) -> dict:
    from research_lib.models.pairs.pair_embedding import PairEmbedding

    model = PairEmbedding(loss="mse", learning_rate=0.001, epochs=epochs, random_state=0, **TUTORIAL)
    return run_ours(table, path, model, target)


def run_softmax(table: dict, path: Path, epochs: int, target: float) -> dict:
    from research_lib.models.pairs.set_embedding import SetEmbedding

    # As the documentation says for large tables: many pairs a step, a sample of columns, and then few epochs.
    model = SetEmbedding(
        n_dims=TUTORIAL["n_dims"],
        epochs=4,
        n_positive=8192,
        max_candidates=512,
        temperature=0.15,
        random_state=0,
    )
    return run_ours(table, path, model, target)


def run_projection(table: dict, path: Path, epochs: int, target: float) -> dict:
    sys.modules["tensorflow"] = None  # umap would import it where it is installed, and count its seconds
    from research_lib.containers.embedding import Embedding
    from research_lib.views.projection import project

    trained = [path.with_name(f"{name}.npz") for name in ("softmax", "mse", "keras", "als")]
    vectors = next((np.load(file)["rows"] for file in trained if file.exists()), None)
    if vectors is None:
        raise SystemExit("A projection needs vectors: let a model run before it.")
    start = time.perf_counter()
    project(Embedding(vectors, range(len(vectors))), method=path.name)
    return {"seconds": [time.perf_counter() - start]}


CONTESTANTS = {
    "keras": ("tutorial's Keras", run_keras),
    "als": ("implicit ALS", run_als),
    "bpr": ("implicit BPR", run_bpr),
    "mse": ("ours, tutorial's settings", run_mse),
    "softmax": ("ours, softmax", run_softmax),
    "tsne": ("t-SNE", run_projection),
    "umap": ("UMAP", run_projection),
}


def topic_agreement(vectors: np.ndarray, topics: np.ndarray) -> float:
    """Share of the 10 nearest books that have the planted topic of the book."""
    from research_lib.containers.embedding import Embedding
    from research_lib.measures.agreement import neighbour_agreement

    return neighbour_agreement(Embedding(vectors[:, : TUTORIAL["n_dims"]], range(len(vectors))), topics, k=10)


def hit_at_100(score, table: dict) -> float:
    """Share of the held-out links among the first 100 of those that the book does not have."""
    from research_lib.containers.interactions import Interactions
    from research_lib.measures.ranking import held_out_ranks, hit_at_k

    names = range(table["n_rows"]), range(table["n_cols"])
    train, held_out = (Interactions(table[part], *names) for part in ("train", "held_out"))
    return hit_at_k(held_out_ranks(score, train, held_out), 100)


def main(name: str, folder: str, epochs: str, target: str) -> None:
    path = Path(folder, name)
    with np.load(path.with_name("table.npz")) as stored:
        table = {key: stored[key] if stored[key].ndim else int(stored[key]) for key in stored}
    result = CONTESTANTS[name][1](table, path, int(epochs), float(target))
    path.with_suffix(".json").write_text(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
