"""Autoencoder beside what people use, on MNIST's test part: neighbours of the same digit, and one digit left out.

    python benchmarks/anomalies.py                           # all ten digits, one seed
    python benchmarks/anomalies.py --seeds 0,1,2 --only left-out

Nobody is told of the labels in training. **retrieval**: of the ten nearest of each of the first 2,000 images among all
10,000, by cosine, the share that are the same digit. **left-out**: every detector is fitted to half of nine digits and
scores the other half and the tenth; the area under the ROC curve, for each digit in turn. A seed is that of the split
and of the detectors. The settings of ours were chosen within training halves, with a second digit left out of them, and
by the neighbours of the images from 2,000 to 4,000.
"""

import argparse
import os
import platform
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from tables import keep

from research_lib import Autoencoder, Embedding, Images, load
from research_lib.datasets import catalogue
from research_lib.measures import auroc, score_left_out, search_scores_by_label
from research_lib.models.baselines import usual_detectors

N_QUERIES, N_NEAREST = 2000, 10
SETTINGS = {"n_dims": 32, "distortion": 0.7, "batch_size": 64}
EPOCHS = {"retrieval": 20, "left-out": 30}


def retrieval(images: Images, seeds: Sequence[int]) -> pd.DataFrame:
    """Print and give the share of the nearest that are the same digit."""
    rows = images.to_matrix()
    vectors = {
        "pixels": [rows],
        "random, 32": [np.random.default_rng(seed).normal(size=(len(rows), 32)) for seed in seeds],
    }
    for n_dims in (16, 32):
        vectors[f"PCA, {n_dims}"] = [PCA(n_dims, random_state=seed).fit_transform(rows) for seed in seeds]
    start = time.perf_counter()
    ours = [Autoencoder(**SETTINGS, epochs=EPOCHS["retrieval"], random_state=seed).fit(images) for seed in seeds]
    seconds = (time.perf_counter() - start) / len(seeds)
    vectors[f"ours, {SETTINGS['n_dims']}"] = [model.embedding_.vectors for model in ours]
    found = {
        name: [precision(Embedding(one, images.names), images.labels) for one in some] for name, some in vectors.items()
    }
    table = pd.DataFrame({name: {"precision@10": np.mean(each), "sd": np.std(each)} for name, each in found.items()}).T
    print(
        f"\n{images}: {N_NEAREST} nearest of the first {N_QUERIES:,}, seeds {list(seeds)}; a fit takes {seconds:.0f} s"
    )
    print(table.round(4).to_string(), flush=True)
    return table


def precision(embedding: Embedding, labels: np.ndarray) -> float:
    """Share of the nearest of the first images that have their label."""
    scores = search_scores_by_label(embedding, labels, N_NEAREST, asked=np.arange(N_QUERIES))
    return scores[f"precision@{N_NEAREST}"].mean()


def left_out(images: Images, seeds: Sequence[int]) -> pd.DataFrame:
    """Print and give the area under the ROC curve of every detector, with each digit left out."""
    areas, seconds = {}, []
    for seed in seeds:
        for kind in np.unique(images.labels):
            start = time.perf_counter()
            scores, _ = score_left_out(detectors(seed), images, images.labels, kind, seed)
            seconds.append(time.perf_counter() - start)
            areas[kind, seed] = auroc(scores)
            print(f"{kind}, seed {seed}, {seconds[-1]:.0f} s: {areas[kind, seed].round(3).to_dict()}", flush=True)
    table = pd.DataFrame.from_dict(areas, orient="index").rename_axis(["label", "seed"])
    by_kind, by_seed = table.groupby("label").mean(), table.groupby("seed").mean()
    print(
        f"\n{images}: one digit left out, seeds {list(seeds)}, {np.mean(seconds):.0f} s for all detectors on one digit"
    )
    summary = {"mean": by_kind.mean(), "sd over seeds": by_seed.std(), "hardest digit": by_kind.min()}
    table = pd.concat([by_kind.T, pd.DataFrame(summary)], axis=1)
    print(table.round(3).to_string(na_rep="–"), flush=True)
    return table


def detectors(seed: int) -> dict[str, BaseEstimator]:
    """All contestants, ours last."""
    ours = Autoencoder(**SETTINGS, epochs=EPOCHS["left-out"], random_state=seed)
    return usual_detectors(32, seed) | {"ours": ours}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="retrieval,left-out", help="some of %(default)s")
    parser.add_argument("--seeds", default="0", help="one or more, separated by commas")
    parser.add_argument("--save", action="store_true", help="keep what was measured for make results")
    options = parser.parse_args()
    parts = {"retrieval": retrieval, "left-out": left_out}
    if unknown := set(options.only.split(",")) - set(parts):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    torch.set_num_threads(1)
    print(f"{os.cpu_count()} cores, one thread; Python {platform.python_version()}, torch {torch.__version__}")
    if not catalogue.is_cached("mnist-test"):
        print("mnist-test is left out: it is not here.")
        return
    images = load("images", "mnist-test")
    for name in options.only.split(","):
        table = parts[name](images, [int(seed) for seed in options.seeds.split(",")])
        if options.save:
            keep(table, name, more=("precision@10", "mean", "hardest digit"), threads=1)


if __name__ == "__main__":
    main()
