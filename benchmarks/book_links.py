"""Our book–link model beside its peers, on a twin of the full table with planted topics.

    python benchmarks/book_links.py                     # everything at full size
    python benchmarks/book_links.py --scale 0.05 --epochs 3 --only keras,mse

Peers: the tutorial's Keras model as it is written there (a Python loop draws every sample), implicit's ALS and BPR.
Each runs in a process of its own (TensorFlow and torch never share one), one after the other, with all threads.
Quality is the share of the 10 nearest books with the same planted topic, and hit@100 of 1 % of the pairs, held out.
Needs the extra ``bench``: ``pip install '.[bench]'``.
"""

import argparse
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from importlib import metadata
from pathlib import Path

import numpy as np
import pandas as pd

N_DIMS, N_POSITIVE, NEGATIVE_RATIO = 50, 1024, 2  # the tutorial's


class Recorder:
    """Keeps the book vectors, the loss and the training seconds so far of every epoch; its own time does not count."""

    def __init__(self, path: Path):
        self.path, self.losses, self.seconds, self.paused = path, [], [], 0.0
        self.start = time.perf_counter()

    def epoch(self, rows: np.ndarray, loss: float | None = None) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self.start - self.paused)
        self.losses.append(loss)
        np.save(f"{self.path}-{len(self.seconds)}.npy", rows)
        self.paused += time.perf_counter() - now

    def result(self, rows: np.ndarray, cols: np.ndarray, **more) -> dict:
        np.savez(f"{self.path}.npz", rows=rows, cols=cols)  # a book's score for a link is their dot product
        return {"losses": self.losses, "seconds": self.seconds, **more}


def tutorial_batches(pairs: list, n_rows: int, n_cols: int):
    """The tutorial's generator: distinct positives, then negatives one by one until none is a positive, shuffled."""
    known = set(pairs)
    batch = np.zeros((N_POSITIVE * (1 + NEGATIVE_RATIO), 3))
    while True:
        for number, pair in enumerate(random.sample(pairs, N_POSITIVE)):
            batch[number] = (*pair, 1)
        number += 1
        while number < len(batch):
            pair = random.randrange(n_rows), random.randrange(n_cols)
            if pair not in known:
                batch[number] = (*pair, -1)
                number += 1
        np.random.shuffle(batch)
        yield {"book": batch[:, 0], "link": batch[:, 1]}, batch[:, 2]


def run_keras(table: dict, path: Path, options) -> dict:
    import keras
    from keras import layers

    random.seed(0)
    keras.utils.set_random_seed(0)
    book, link = keras.Input((1,), name="book"), keras.Input((1,), name="link")
    embed_book, embed_link = layers.Embedding(table["n_rows"], N_DIMS), layers.Embedding(table["n_cols"], N_DIMS)
    cosine = layers.Dot(axes=2, normalize=True)([embed_book(book), embed_link(link)])
    model = keras.Model([book, link], layers.Reshape((1,))(cosine))
    model.compile(optimizer="Adam", loss="mse")
    pairs = [tuple(pair) for pair in table["train"].tolist()]
    recorder = Recorder(path)
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: recorder.epoch(embed_book.get_weights()[0], logs["loss"])
    )
    batches = tutorial_batches(pairs, table["n_rows"], table["n_cols"])
    steps = max(1, len(pairs) // N_POSITIVE)
    model.fit(batches, steps_per_epoch=steps, epochs=options.epochs, callbacks=[keep], verbose=0)
    rows, cols = (layer.get_weights()[0] for layer in (embed_book, embed_link))
    return recorder.result(rows, cols / np.linalg.norm(cols, axis=1, keepdims=True))


def run_implicit(table: dict, path: Path, model, n_row_dims: int) -> dict:
    from scipy.sparse import csr_matrix

    train = table["train"]
    matrix = csr_matrix((np.ones(len(train), np.float32), train.T), shape=(table["n_rows"], table["n_cols"]))
    recorder = Recorder(path)
    model.fit(matrix, show_progress=False, callback=lambda *_: recorder.epoch(model.user_factors[:, :n_row_dims]))
    return recorder.result(model.user_factors, model.item_factors)


def run_als(table: dict, path: Path, options) -> dict:
    from implicit.cpu.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(N_DIMS, alpha=40, regularization=10, iterations=15, random_state=0)
    return run_implicit(table, path, model, N_DIMS)


def run_bpr(table: dict, path: Path, options) -> dict:
    from implicit.cpu.bpr import BayesianPersonalizedRanking

    model = BayesianPersonalizedRanking(N_DIMS, learning_rate=0.05, iterations=30, random_state=0)
    return run_implicit(table, path, model, N_DIMS)  # without the last entry, a constant 1 beside the link's bias


def run_ours(table: dict, path: Path, options, **parameters) -> dict:
    """A whole run, then the fewest epochs with which a whole run reaches the Keras model's quality."""
    from research_lib import PairEmbedding
    from research_lib.data import Interactions

    interactions = Interactions(table["train"], range(table["n_rows"]), range(table["n_cols"]), axes=("book", "link"))
    runs = {}

    def agreement(epochs: int) -> float:
        start = time.perf_counter()
        model = PairEmbedding(**{**parameters, "epochs": epochs}, random_state=0).fit(interactions)
        runs[epochs] = time.perf_counter() - start, model
        return topic_agreement(model.row_embedding_.vectors, table["topics"])

    epochs = parameters.get("epochs", PairEmbedding().epochs)
    reached = agreement(epochs)
    seconds, model = runs[epochs]
    until = None
    if options.target and reached >= options.target:
        until = runs[1 + bisect_left(range(1, epochs), options.target, key=agreement)][0]
    recorder = Recorder(path)
    recorder.losses, recorder.seconds = model.history_["loss"].tolist(), model.history_["seconds"].cumsum().tolist()
    rows, cols = model.row_embedding_.unit_vectors(), model.col_embedding_.unit_vectors()
    return recorder.result(rows, cols, total=seconds, until=until)


def run_mse(table: dict, path: Path, options) -> dict:
    tutorial = {"n_dims": N_DIMS, "n_positive": N_POSITIVE, "negative_ratio": NEGATIVE_RATIO, "learning_rate": 0.001}
    return run_ours(table, path, options, loss="mse", epochs=options.epochs, **tutorial)


def run_recommended(table: dict, path: Path, options) -> dict:
    return run_ours(table, path, options, loss="softmax", n_dims=N_DIMS)  # TODO(lead): the documented recommendation


def run_projection(table: dict, path: Path, method: str) -> dict:
    from research_lib.embedding import Embedding
    from research_lib.projection import project

    found = [path.with_name(f"{name}.npz") for name in ("recommended", "mse", "als", "bpr", "keras")]
    vectors = next((np.load(file)["rows"] for file in found if file.exists()), None)
    if vectors is None:
        raise SystemExit("A projection needs vectors: add a model to --only.")
    start = time.perf_counter()
    project(Embedding(vectors, range(len(vectors))), method=method)
    return {"losses": [None], "seconds": [time.perf_counter() - start]}


CONTESTANTS = {
    "keras": ("tutorial's Keras", run_keras),
    "als": ("implicit ALS", run_als),
    "bpr": ("implicit BPR", run_bpr),
    "mse": ("ours, tutorial's settings", run_mse),
    "recommended": ("ours, recommended", run_recommended),
    "tsne": ("t-SNE", lambda table, path, options: run_projection(table, path, "tsne")),
    "umap": ("UMAP", lambda table, path, options: run_projection(table, path, "umap")),
}
MODELS = ("keras", "als", "bpr", "mse", "recommended")


def topic_agreement(vectors: np.ndarray, topics: np.ndarray) -> float:
    from research_lib.embedding import Embedding
    from research_lib.ranking import neighbour_agreement

    return float(neighbour_agreement(Embedding(vectors, range(len(vectors))), topics, k=10))


def hit_at_100(rows: np.ndarray, cols: np.ndarray, train, held_out: np.ndarray) -> float:
    """Share of held-out pairs whose link ranks among the first 100 that the book does not have."""
    hits = 0
    for block in np.array_split(held_out, 1 + len(held_out) // 256):
        scores = rows[block[:, 0]] @ cols.T
        own = scores[np.arange(len(block)), block[:, 1]]
        scores[train[block[:, 0]].nonzero()] = -np.inf
        hits += int(((scores > own[:, None]).sum(axis=1) < 100).sum())
    return hits / len(held_out)


def run_child(name: str, folder: Path, options) -> None:
    with np.load(folder / "table.npz") as table:
        table = {key: table[key] if table[key].ndim else int(table[key]) for key in table}
    result = CONTESTANTS[name][1](table, folder / name, options)
    (folder / f"{name}.json").write_text(json.dumps(result))


def start_child(name: str, folder: Path, options, target: float | None) -> dict | None:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), str(options.threads))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    blas = {"OPENBLAS_NUM_THREADS": "1" if name in ("als", "bpr") else str(options.threads)}  # as implicit asks for
    command = [sys.executable, __file__, "--child", name, "--folder", str(folder), "--epochs", str(options.epochs)]
    command += ["--target", str(target)] if target else []
    print(f"{CONTESTANTS[name][0]} …", file=sys.stderr, flush=True)
    if subprocess.run(command, env=os.environ | threads | quiet | blas).returncode:
        print(f"{CONTESTANTS[name][0]} failed, left out.", file=sys.stderr)
        return None
    return json.loads((folder / f"{name}.json").read_text())


def measure(options) -> tuple[dict, int]:
    """Run the contestants one after the other; everything that is reported of each."""
    from research_lib.datasets.synthetic import book_links_twin

    twin = book_links_twin(random_state=0, scale=options.scale)
    order = np.random.default_rng(0).permutation(len(twin))
    held_out, train = np.split(twin.pairs[order], [len(twin) // 100])
    topics, matrix = twin.row_metadata["topic"].to_numpy(), twin.with_pairs(train).to_csr()
    print(f"{twin}, {len(held_out):,} of them held out; {options.epochs} epochs of the tutorial's model.")
    results, target = {}, None
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.savez(folder / "table.npz", train=train, topics=topics, n_rows=twin.n_rows, n_cols=twin.n_cols)
        for name in options.only:
            result = start_child(name, folder, options, target)
            if result and name in MODELS:
                vectors = np.load(folder / f"{name}.npz")
                n_row_dims = N_DIMS if name == "bpr" else None
                result["topic"] = topic_agreement(vectors["rows"][:, :n_row_dims], topics)
                result["hit"] = hit_at_100(vectors["rows"], vectors["cols"], matrix, held_out)
                steps = np.diff(result["seconds"], prepend=0)
                result["rate"] = len(train) / np.median(steps)
                if name == "keras":
                    target, result["until"] = result["topic"], result["seconds"][-1]
                elif "until" not in result and target and result["topic"] >= target:
                    kept = [folder / f"{name}-{number + 1}.npy" for number in range(len(steps))]
                    first = bisect_left(kept[:-1], target, key=lambda path: topic_agreement(np.load(path), topics))
                    result["until"] = result["seconds"][first]
            if result:
                results[name] = result
    return results, len(train)


def report(results: dict) -> None:
    """Print one table of what was measured, one of the losses, one of the ratios."""
    columns = {"seconds": "seconds", "rate": "positives/s", "topic": "topic@10", "hit": "hit@100", "until": "s to Keras"}
    rows = {
        CONTESTANTS[name][0]: {
            "epochs": len(result["seconds"]) if name in MODELS else None,
            **{title: result.get(key) for key, title in columns.items()},
            "seconds": result.get("total", result["seconds"][-1]),
        }
        for name, result in results.items()
    }
    print("\n" + pd.DataFrame(rows).T.astype(float).round(3).to_string(na_rep="—"))
    keras, ours, best = (results.get(name) for name in ("keras", "mse", "recommended"))
    ratios = []
    if keras and ours:
        losses = pd.DataFrame({"Keras": keras["losses"], "ours": ours["losses"]}, index=range(1, len(keras["losses"]) + 1))
        losses["ratio"] = losses["ours"] / losses["Keras"]
        print("\nLoss per epoch, tutorial's settings\n" + losses.round(4).to_string())
        worst = losses["ratio"][(losses["ratio"] - 1).abs().idxmax()]
        ratios.append(("positives/s, ours : Keras", ours["rate"] / keras["rate"], "at least 10"))
        ratios.append(("final loss, ours : Keras", losses["ratio"].iloc[-1], "0.97 to 1.03"))
        ratios.append(("loss of the worst epoch, ours : Keras", worst, "0.90 to 1.10"))
        ratios.append(("topic@10, ours : Keras", ours["topic"] / keras["topic"], ""))
    peers = [results[name] for name in ("als", "bpr") if name in results]
    if best and peers:
        ratios.append(("hit@100, recommended : better implicit", best["hit"] / max(peer["hit"] for peer in peers), ""))
        seconds = [peer["until"] for peer in peers if peer.get("until")]
        if best.get("until") and seconds:
            ratios.append(("s to Keras quality, recommended : faster implicit", best["until"] / min(seconds), "at most 3, aim 1"))
    for name in ("tsne", "umap"):
        if name in results:
            ratios.append((f"{CONTESTANTS[name][0]} : 3 minutes", results[name]["seconds"][-1] / 180, "below 1"))
    print("\n" + pd.DataFrame(ratios, columns=["ratio", "measured", "wanted"]).round(3).to_string(index=False))


def machine(threads: int) -> str:
    cpuinfo = Path("/proc/cpuinfo")
    models = [line.split(":")[1].strip() for line in cpuinfo.read_text().splitlines() if "model name" in line] if cpuinfo.exists() else []
    packages = ("numpy", "torch", "tensorflow-cpu", "keras", "implicit", "openTSNE", "umap-learn")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    cpu = models[0] if models else platform.processor()
    return f"{cpu}, {os.cpu_count()} cores, {threads} threads, load {load:.1f} at the start\nPython {platform.python_version()}, {versions}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=15, help="of the tutorial's model, Keras's and ours")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(CONTESTANTS), help=",".join(CONTESTANTS))
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full table's books, links and topics")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--json", type=Path, help="also write what was measured to this file")
    for hidden, kind in (("--child", str), ("--folder", Path), ("--target", float)):
        parser.add_argument(hidden, type=kind, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return run_child(options.child, options.folder, options)
    if unknown := [name for name in options.only if name not in CONTESTANTS]:
        parser.error(f"unknown contestant {', '.join(unknown)}; there are {', '.join(CONTESTANTS)}")
    print(machine(options.threads))
    results, n_positive = measure(options)
    report(results)
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(options.threads), "positives": n_positive, **results}, indent=1))


if __name__ == "__main__":
    main()
