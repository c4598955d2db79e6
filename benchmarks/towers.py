"""Two towers with a table of days beside their rivals, and whether a broken table of days is found out.

    python benchmarks/towers.py                          # movielens-small: every user's last film
    python benchmarks/towers.py --back 1                 # the film before it instead: where settings are chosen
    python benchmarks/towers.py --seeds 1 --epochs 1     # a quick try
    python benchmarks/towers.py --twins 10               # the synthetic twins only: good, recent dates lost, no drift

Ratings of four stars and more, films with five of them; of every user with five such films the last is held out and
ranked among all films that the user has not rated so. Learnt models run with several seeds; the gain of the days is
that of the same towers, with the same seed, over those without. Contestants run one after the other, on one thread.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from tables import keep
from tqdm import tqdm

from research_lib import PairEmbedding, SetEmbedding, TwoTower, load
from research_lib.datasets.synthetic.drift import planted_drift
from research_lib.measures import held_out_ranks, hit_at_k, hold_out_last, mean_reciprocal_rank, measure_days
from research_lib.models.baselines import EASE, Popularity, RecentPopularity

MIN_FILMS = 5
# Chosen on the films before the last (--back 1 and --back 3), never on the last ones.
TOWERS = {"n_dims": 64, "n_recent": 10, "temperature": 0.14, "learning_rate": 0.01, "dropout": 0.3, "batch_size": 512}
DAYS = {"days": 30, "smoothness": 100}
TWIN_TOWERS = {"n_dims": 16, "days": 7, "n_recent": 5, "epochs": 5, "batch_size": 1024}
TWINS = {"good": {}, "recent dates lost": {"broken_from": 0.6}, "no drift": {"drift": 0}}


def contestants(epochs: int) -> tuple[dict[str, object], dict[str, Callable[[int], object]]]:
    """Models that need no seed, and makers of those that do."""
    recipe = {**TOWERS, "epochs": epochs}
    fixed = {
        "popularity": Popularity(),
        "popularity, 28 days": RecentPopularity(n_days=28),
        "popularity, 180 days": RecentPopularity(n_days=180),
        "EASE": EASE(penalty=200),
    }
    seeded = {
        "matrix factorization (bce)": lambda seed: PairEmbedding(
            n_dims=64, loss="bce", epochs=30, negative_ratio=4, learning_rate=0.01, random_state=seed
        ),
        "pairs (softmax)": lambda seed: SetEmbedding(n_dims=64, epochs=30, random_state=seed),
        "towers": lambda seed: TwoTower(**recipe | {"n_recent": 0}, days=None, random_state=seed),
        "towers, day": lambda seed: TwoTower(**recipe | {"n_recent": 0}, **DAYS, random_state=seed),
        "towers, last films": lambda seed: TwoTower(**recipe, days=None, random_state=seed),
        "towers, last films, day": lambda seed: TwoTower(**recipe, **DAYS, random_state=seed),
    }
    return fixed, seeded


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """A row a model and seed: hit@10, MRR and the seconds of learning."""
    train, held_out = hold_out_last(load("log", "movielens-small"), MIN_FILMS)
    for _ in range(options.back):
        train, held_out = hold_out_last(train, MIN_FILMS)
    n_films = len(np.unique(np.concatenate([train.pairs[:, 1], held_out.pairs[:, 1]])))
    print(f"{len(held_out)} users, {n_films:,} films, {len(train):,} pairs to learn from", flush=True)
    fixed, seeded = contestants(options.epochs)
    runs = [(name, 0, lambda model=model: model) for name, model in fixed.items()]
    runs += [(name, s, lambda make=make, s=s: make(s)) for s in range(options.seeds) for name, make in seeded.items()]
    rows = []
    for name, seed, make in tqdm(runs, desc="runs"):
        start = time.perf_counter()
        model = make().fit(train)
        seconds = time.perf_counter() - start
        dated = hasattr(model, "score_at")
        ranks = held_out_ranks(model.score_at if dated else model.score_cols, train, held_out, dated)
        scores = {"hit@10": hit_at_k(ranks, 10), "MRR": mean_reciprocal_rank(ranks)}
        rows.append({"model": name, "seed": seed, **scores, "seconds": seconds})
    return pd.DataFrame(rows)


def report(results: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Print and give means and spreads over seeds, and the gain of the day."""
    gains = {}
    table = results.groupby("model", sort=False)[["hit@10", "MRR", "seconds"]].agg(["mean", "std", "min", "max"])
    print("\n" + table.round(4).to_string(na_rep="–"))
    means = table[[("hit@10", "mean"), ("hit@10", "std"), ("MRR", "mean"), ("seconds", "mean")]]
    wide = results.pivot(index="seed", columns="model", values="hit@10")
    for name in ("towers", "towers, last films"):
        gain = (wide[f"{name}, day"] - wide[name]).dropna()
        print(
            f"\ngain of the day, {name}: {gain.mean():+.4f} in the mean of {len(gain)} seeds, standard deviation "
            f"{gain.std():.4f}, from {gain.min():+.4f} to {gain.max():+.4f}"
        )
        gains[name] = {"gain of hit@10": gain.mean(), "sd": gain.std(), "seeds": len(gain)}
    means.columns = ["hit@10", "sd", "MRR", "seconds"]
    return {"movielens-small": means, "gain of the day": pd.DataFrame.from_dict(gains, orient="index")}


def measure_twins(n_seeds: int) -> pd.DataFrame:
    """What the measures of days say of the synthetic twins."""
    rows = []
    for seed in tqdm(range(n_seeds), desc="twins"):
        for name, planted in TWINS.items():
            model = TwoTower(**TWIN_TOWERS, random_state=seed).fit(planted_drift(random_state=seed, **planted))
            measured = measure_days(model.day_embedding_)
            nulls = {"mantel, null": measured.loc["mantel", "null"], "null, 95 %": measured.loc["mantel", "null_95"]}
            rows.append({"twin": name, "seed": seed, **measured["value"], **nulls})
    return pd.DataFrame(rows)


def report_twins(results: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Print and give ranges over the seeds, and print how many seeds tell the twins apart."""
    table = results.drop(columns="seed").groupby("twin", sort=False).agg(["min", "max"])
    print("\n" + table.T.round(3).to_string())
    good, broken = (results[results["twin"] == name].set_index("seed") for name in list(TWINS)[:2])
    for measure, side in {"mantel": 1, "neighbour_gap": -1, "smoothness": 1, "collapsed": -1}.items():
        apart = int((side * (good[measure] - broken[measure]) > 0).sum())
        worst, best = (side * good[measure]).min(), (side * broken[measure]).max()
        ranges = "ranges do not overlap" if worst > best else "ranges overlap"
        print(f"{measure}: {apart} of {len(good)} seeds tell the first two apart, {ranges}")
    spans = {
        measure: {twin: "{min:.2f} to {max:.2f}".format(**table.loc[twin, measure]) for twin in TWINS}
        for measure in table.columns.unique(0)
    }
    return {"twins": pd.DataFrame.from_dict(spans, orient="index")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=8, help="of the towers")
    parser.add_argument("--back", type=int, default=0, help="how many films of each user to put away first")
    parser.add_argument("--twins", type=int, default=0, help="seeds of the synthetic twins, instead of films")
    parser.add_argument("--save", action="store_true", help="keep what was measured for make results")
    options = parser.parse_args()
    tables = report_twins(measure_twins(options.twins)) if options.twins else report(measure(options))
    for name, table in tables.items() if options.save else ():
        keep(table, name, more=("hit@10", "MRR"), threads=1)


if __name__ == "__main__":
    main()
