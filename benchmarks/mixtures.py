"""MixtureRegressor beside what people use on raw amounts: the same formulas, the same splits, one run.

    python benchmarks/mixtures.py                            # the sample, and what is in the cache
    python benchmarks/mixtures.py --shampoo PATH             # also a table of one's own, with published numbers

The settings of ours were chosen on parts of the training data. Tables: mean absolute error and R² on the test parts of
all splits together, the share of targets within 90 % intervals, seconds of a fit. Then: codes that were left out of
training, families of elements among learnt vectors, and the time that the same epochs take scikit-learn's perceptron.
"""

import argparse
import os
import platform
import time
import warnings

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPRegressor
from tables import keep

from research_lib import MixtureRegressor, Mixtures, load
from research_lib.datasets import catalogue
from research_lib.measures.agreement import neighbour_agreement
from research_lib.measures.formulas import cross_predict, formula_splits, new_code_errors, regression_scores
from research_lib.models.baselines.regressors import raw_amount_regressors

SETTINGS = {
    "sample": {"n_entries": 10, "hidden": (32, 32), "epochs": 250, "batch_size": 128, "dropout": 0, "weight_decay": 0.1,
               "code_decay": 200, "n_members": 3},
    "shampoo": {"n_entries": 64, "epochs": 400, "batch_size": 512, "dropout": 0.2, "weight_decay": 0, "n_members": 10},
    "logv": {"n_entries": 64, "hidden": (128, 128), "activation": "silu", "loss": "mae", "dropout": 0, "epochs": 40,
             "batch_size": 512, "learning_rate": 0.005},
    "expt-gap": {"n_entries": 64, "hidden": (128, 128, 128), "activation": "relu", "loss": "mae", "dropout": 0.2,
                 "normalise": True, "epochs": 300, "n_members": 10, "validation_fraction": 0.05},
}  # fmt: skip
SMILES = r"Cl|Br|\[[^\]]+\]|%\d\d|[A-Za-z]|[=#()\d+\-/\\@.]"


def table_of(name: str, options: argparse.Namespace) -> Mixtures:
    """The formulas of a name; of the shampoos, the logarithm of the viscosity is what is predicted."""
    if name != "shampoo":
        return load("mixtures", name)
    read = load("mixtures", options.shampoo, target_column="viscosity_mpa_s", total=100)
    fields = {"formula_names": read.formula_names, "total": 100, "source": "shampoo"}
    return Mixtures(read.amounts, read.code_names, np.log(read.target), unit="ln mPa·s", **fields)


def compare(name: str, mixtures: Mixtures) -> dict[str, pd.DataFrame]:
    """Print the table of one set of formulas; this and the others give what they print, by name."""
    splits = formula_splits(mixtures)
    if name == "shampoo":
        splits = list(KFold(10, shuffle=True, random_state=0).split(np.arange(len(mixtures))))
    models = raw_amount_regressors(mixtures, n_trees=300 if name == "shampoo" else 100)
    models["ours"], options = MixtureRegressor(**SETTINGS[name], random_state=0), {}
    if name == "logv":
        settings = SETTINGS[name] | {"n_entries": 32, "epochs": 15}
        models["ours, pieces of SMILES"] = MixtureRegressor(**settings, random_state=0)
        options = {"ours, pieces of SMILES": {"code_features": pieces_of(mixtures)}}
    scores = regression_scores(cross_predict(models, mixtures, splits, fit_options=options)[0])
    if name == "sample":
        scores[["train / range", "MAE / range"]] = scores[["train", "MAE"]] / np.ptp(mixtures.target)
    print(f"\n{mixtures}, {mixtures.unit}, {len(splits)} splits\n{scores.round(4).to_string(na_rep='–')}", flush=True)
    return {name: scores}


def pieces_of(mixtures: Mixtures):
    """One to three symbols of the SMILES of each code, that stand in at least five codes; shape (n_codes, n_pieces)."""
    pieces = CountVectorizer(token_pattern=SMILES, lowercase=False, ngram_range=(1, 3), min_df=5)
    return pieces.fit_transform(mixtures.code_metadata["smiles"]).astype(float)


def leave_codes_out(mixtures: Mixtures) -> dict[str, pd.DataFrame]:
    """Print what is missed when 40 liquids are new."""
    model = MixtureRegressor(**SETTINGS["logv"], random_state=0)
    errors = new_code_errors(model, mixtures, 40, code_features=pieces_of(mixtures))
    weighed = errors.drop(columns="n_test").mul(errors["n_test"], axis=0).sum() / errors["n_test"].sum()
    means = pd.DataFrame({"mean over formulas": weighed, "mean over codes": errors.drop(columns="n_test").mean()})
    means["below absent"] = 1 - means["mean over formulas"] / means.loc["absent", "mean over formulas"]
    better = (errors["formulas"] < errors["absent"]).sum()
    tested = errors["n_test"].sum()
    print(f"\nlogv, {len(errors)} codes left out and {tested:,} formulas of theirs; {better} of the codes are better")
    print(f"learnt from ten formulas than absent\n{means.round(4).to_string()}", flush=True)
    return {"logv, left-out codes": means}


def families(mixtures: Mixtures) -> dict[str, pd.DataFrame]:
    """Print how often the nearest elements are of the same family."""
    found = MixtureRegressor(**SETTINGS["expt-gap"], random_state=0).fit(mixtures).embedding_
    often = found.subset(found.metadata["n_formulas"] >= 20)
    kinds = often.metadata["family"]
    share = {k: neighbour_agreement(often, kinds, k) for k in (1, 3, 5)}
    shuffled = [kinds.sample(frac=1, random_state=seed) for seed in range(20)]
    chance = {k: np.mean([neighbour_agreement(often, some, k) for some in shuffled]) for k in share}
    print(f"\nexpt-gap: neighbours of the same family, {len(often)} elements in at least 20 formulas")
    shares = pd.DataFrame({"learnt": share, "shuffled": chance}).rename_axis("neighbours")
    print(shares.round(3).to_string(), flush=True)
    return {"expt-gap, families": shares}


def beside_the_perceptron(mixtures: Mixtures) -> dict[str, pd.DataFrame]:
    """Print the seconds of 200 epochs, batches of 200, on all formulas of the sample."""
    rows = {}
    shape = {"hidden_layer_sizes": (25, 64, 64), "batch_size": 200, "max_iter": 200, "n_iter_no_change": 200}
    target = (mixtures.target - mixtures.target.mean()) / mixtures.target.std()
    same = {"n_entries": 25, "hidden": (64, 64), "epochs": 200, "batch_size": 200}
    contestants = {
        "MLPRegressor, dense": (MLPRegressor(**shape, tol=0), mixtures.amounts.toarray()),
        "MLPRegressor, sparse": (MLPRegressor(**shape, tol=0), mixtures.amounts),
        "ours, 1 member": (MixtureRegressor(**same, n_members=1), mixtures.amounts),
        "ours, 5 members": (MixtureRegressor(**same), mixtures.amounts),
    }
    for name, (model, amounts) in contestants.items():
        start = time.perf_counter()
        model.fit(amounts, target)
        rows[name] = time.perf_counter() - start
    seconds = pd.Series(rows)
    table = pd.DataFrame({"seconds": seconds, "of the perceptron": seconds / seconds["MLPRegressor, dense"]})
    print(
        f"\n200 epochs of {mixtures.amounts.shape[0]:,} × {mixtures.n_codes:,}\n{table.round(3).to_string()}",
        flush=True,
    )
    return {"sample, seconds": table}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(SETTINGS), help="some of %(default)s")
    parser.add_argument("--shampoo", help="path of shampoo_viscosity.csv (Chitre et al., Scientific Data 2024)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--save", action="store_true", help="keep what was measured for make results")
    options = parser.parse_args()
    if unknown := set(options.only.split(",")) - set(SETTINGS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SETTINGS)}")
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore", ConvergenceWarning)
    print(f"{os.cpu_count()} cores, {options.threads} threads; Python {platform.python_version()}")
    for name in options.only.split(","):
        here = options.shampoo if name == "shampoo" else name == "sample" or catalogue.is_cached(name)
        if not here:
            print(f"\n{name} is left out: it is not here.")
            continue
        mixtures = table_of(name, options)
        tables = compare(name, mixtures)
        also = {"sample": beside_the_perceptron, "logv": leave_codes_out, "expt-gap": families}
        tables |= also[name](mixtures) if name in also else {}
        for title, table in tables.items() if options.save else ():
            keep(table, title, more=("R²",), less=("MAE",), threads=options.threads)


if __name__ == "__main__":
    main()
