"""Our book–link model beside its peers, on a twin of the full table with planted topics.

    python benchmarks/book_links.py                                      # everything, full size
    python benchmarks/book_links.py --scale 0.05 --only keras,mse        # a quick try

Peers: the tutorial's Keras model as it is written there (a Python loop draws every sample), implicit's ALS and BPR.
Contestants run one after the other, each in a process of its own and with all threads. Quality: the share of the
10 nearest books with the same planted topic, and hit@100 of 1 % of the pairs, held out. Needs the extra ``bench``:
``pip install '.[bench]'``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from bisect import bisect_left
from pathlib import Path

import numpy as np
import pandas as pd
from contestants import CONTESTANTS, hit_at_100, topic_agreement
from tables import keep, machine

from research_lib.datasets.synthetic.topics import book_links_twin
from research_lib.measures.splits import hold_out

PEERS = ("keras", "als", "bpr")


def start(name: str, folder: Path, options: argparse.Namespace, target: float) -> dict | None:
    """One contestant in its own process; None if it failed."""
    pools = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")
    environment = os.environ | dict.fromkeys(pools, str(options.threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.setdefault("GOMP_SPINCOUNT", "10000")  # waiting threads soon give way to others that can work
    if name in ("als", "bpr"):
        environment["OPENBLAS_NUM_THREADS"] = "1"  # as implicit asks for: it has threads of its own
    script = Path(__file__).with_name("contestants.py")
    command = [sys.executable, "-W", "ignore", script, name, folder, str(options.epochs), str(target)]
    title = CONTESTANTS[name][0]
    print(f"{title} …", file=sys.stderr, flush=True)
    if subprocess.run(command, env=environment).returncode:
        return print(f"{title} failed and is left out.", file=sys.stderr)
    return json.loads((folder / f"{name}.json").read_text())


def measure(options: argparse.Namespace) -> dict:
    """Run the contestants one after the other; what is reported of each."""
    twin = book_links_twin(random_state=0, scale=options.scale)
    train, held_out = hold_out(twin, 0.01)
    print(f"{twin}, {len(held_out):,} of them held out; {options.epochs} epochs of the tutorial's model")
    topics = twin.row_metadata["topic"].to_numpy()
    table = {"train": train.pairs, "held_out": held_out.pairs, "n_rows": twin.n_rows, "n_cols": twin.n_cols}
    results, target = {}, 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.savez(folder / "table.npz", topics=topics, **table)
        for name in (name for name in CONTESTANTS if name in options.only):  # Keras first: its quality is the target
            result = start(name, folder, options, target)
            if result is None:
                continue
            if name in PEERS:
                rows, cols = np.load(folder / f"{name}.npz").values()
                result["topic"] = topic_agreement(rows, topics)
                result["hit"] = hit_at_100(lambda asked, rows=rows, cols=cols: rows[asked] @ cols.T, table)
                if name == "keras":
                    target, result["until"] = result["topic"], result["seconds"][-1]
                elif 0 < target <= result["topic"]:
                    result["until"] = result["seconds"][first_epoch(folder / name, result, topics, target)]
            if "topic" in result:
                result["rate"] = len(train) / float(np.median(np.diff(result["seconds"], prepend=0)))
            results[name] = result
    return results


def first_epoch(path: Path, result: dict, topics: np.ndarray, target: float) -> int:
    """The first epoch, from 0, whose book vectors reach the target; by halving."""
    kept = [f"{path}-{epoch}.npy" for epoch in range(1, len(result["seconds"]))]
    return bisect_left(kept, target, key=lambda file: topic_agreement(np.load(file), topics))


def report(results: dict) -> pd.DataFrame:
    """Print what was measured, which it gives, the losses side by side, and the ratios."""
    titles = {"rate": "positives/s", "topic": "topic@10", "hit": "hit@100", "until": "s to Keras quality"}
    rows = {
        CONTESTANTS[name][0]: {"epochs": len(result["seconds"]), "seconds": result.get("total", result["seconds"][-1])}
        | {title: result.get(key) for key, title in titles.items()}
        for name, result in results.items()
    }
    table = pd.DataFrame(rows).T.astype(float)
    print("\n" + table.round(3).to_string(na_rep="—"))
    keras, ours, best = (results.get(name) for name in ("keras", "mse", "softmax"))
    ratios = []
    if keras and ours:
        losses = pd.DataFrame({"Keras": keras["losses"], "ours": ours["losses"]})
        losses.index = losses.index.rename("epoch") + 1
        ratio = losses["ratio"] = losses["ours"] / losses["Keras"]
        print("\nLoss per epoch, tutorial's settings\n" + losses.round(4).to_string())
        ratios.append(("positives/s, ours : Keras", ours["rate"] / keras["rate"], "≥ 10"))
        ratios.append(("final loss, ours : Keras", ratio.iloc[-1], "0.97 – 1.03"))
        ratios.append(("loss of the worst epoch, ours : Keras", ratio[(ratio - 1).abs().idxmax()], "0.90 – 1.10"))
        ratios.append(("topic@10, ours : Keras", ours["topic"] / keras["topic"], ""))
    implicit = [results[name] for name in ("als", "bpr") if name in results]
    if best and implicit:
        for key, title in (("topic", "topic@10"), ("hit", "hit@100")):
            better = max(peer[key] for peer in implicit)
            ratios.append((f"{title}, softmax : better implicit", best[key] / better, ""))
        until = [peer["until"] for peer in implicit if "until" in peer]
        if "until" in best and until:
            ratio = best["until"] / min(until)
            ratios.append(("s to Keras quality, softmax : faster implicit", ratio, "≤ 3, aim 1"))
    for name in ("tsne", "umap"):
        if name in results:
            ratios.append((f"{CONTESTANTS[name][0]} : 3 minutes", results[name]["seconds"][-1] / 180, "< 1"))
    if ratios:
        print("\n" + pd.DataFrame(ratios, columns=["ratio", "measured", "wanted"]).round(3).to_string(index=False))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=15, help="of the tutorial's model, Keras's and ours")
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="some of %(default)s")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full table's books, links and topics")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--save", action="store_true", help="keep what was measured for make results")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(CONTESTANTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(CONTESTANTS)}")
    print(machine(options.threads))
    table = report(measure(options))
    if options.save:
        keep(table, "twin of the full table", more=("topic@10", "hit@100"), less=("seconds",), threads=options.threads)


if __name__ == "__main__":
    main()
