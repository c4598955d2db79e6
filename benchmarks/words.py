"""Our skip-gram beside gensim's, on the same text, vocabulary and settings.

    python benchmarks/words.py                        # wiki-text, gensim with two workers
    python benchmarks/words.py --epochs 2 --seeds 1   # a quick try

Both learn from the same lists of words, articles cut to 10,000 words, which is all that gensim reads of one.
Contestants run in turns, each in a process of its own; ours on one thread, as it always is. Tokens are all words of the
text, the rare ones too, times epochs; seconds are those of learning, without counting words. Quality: Spearman's rank
correlation with WordSim-353 and SimLex-999 over the pairs whose words are known, and analogies, all by gensim's rules.
Needs the extra ``bench``: ``pip install '.[bench]'``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from tables import keep, machine

from research_lib.containers.corpus import Corpus
from research_lib.containers.embedding import Embedding
from research_lib.datasets import load
from research_lib.measures.words import analogy_accuracy, human_similarity

DOCUMENT_WORDS = 10_000
SETTINGS = {"n_dims": 100, "window": 5, "n_negatives": 5, "min_count": 5, "subsample": 1e-3}


def learn_ours(documents: list[list[str]], options: argparse.Namespace, seed: int) -> tuple[Embedding, float]:
    """Our vectors, and the seconds of learning."""
    from research_lib.models.words.skipgram import SkipGram

    SkipGram(min_count=1, epochs=1).fit(Corpus(documents[:1]))  # compiles
    model = SkipGram(**SETTINGS, epochs=options.epochs, random_state=seed).fit(Corpus(documents))
    return model.embedding_, model.history_["seconds"].iloc[-1]


def learn_gensim(documents: list[list[str]], options: argparse.Namespace, seed: int) -> tuple[Embedding, float]:
    """gensim's vectors, and the seconds of learning."""
    from gensim.models import Word2Vec

    model = Word2Vec(
        vector_size=SETTINGS["n_dims"],
        window=SETTINGS["window"],
        negative=SETTINGS["n_negatives"],
        min_count=SETTINGS["min_count"],
        sample=SETTINGS["subsample"],
        sg=1,
        seed=seed,
        workers=options.threads,
    )
    model.build_vocab(documents)
    start = time.perf_counter()
    model.train(documents, total_examples=model.corpus_count, epochs=options.epochs)
    return Embedding(model.wv.vectors, model.wv.index_to_key), time.perf_counter() - start


CONTESTANTS = {"gensim": learn_gensim, "ours": learn_ours}


def run(name: str, folder: Path, options: argparse.Namespace, seed: int) -> None:
    """What one contestant does in its process."""
    documents = json.loads((folder / "documents.json").read_text())
    embedding, seconds = CONTESTANTS[name](documents, options, seed)
    embedding.save(folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(float(seconds)))


def start(name: str, folder: Path, options: argparse.Namespace, seed: int) -> dict | None:
    """One contestant in its own process, and its quality; None if it failed."""
    pools = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    environment = os.environ | dict.fromkeys(pools, "1")  # gensim's workers are threads of its own
    print(f"{name}, seed {seed} …", file=sys.stderr, flush=True)
    command = [sys.executable, "-W", "ignore", __file__, "--run", name, str(folder), str(seed)]
    command += ["--epochs", str(options.epochs), "--threads", str(options.threads)]
    if subprocess.run(command, env=environment).returncode:
        return print(f"{name} failed and is left out.", file=sys.stderr)
    embedding = Embedding.load(folder / f"{name}.safetensors")
    result = {"words": len(embedding), "seconds": json.loads((folder / f"{name}.json").read_text())}
    for test in ("wordsim353", "simlex999"):
        scored = human_similarity(embedding, load("similarities", "word-tests", name=test))
        result |= {test: scored["spearman"], f"{test}_null": scored["null_std"], f"{test}_known": scored["share_known"]}
    return result | {"analogies": analogy_accuracy(embedding, load("analogies", "word-tests"))["accuracy"]["all"]}


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """Every contestant with every seed, one after the other."""
    articles = list(load("text", options.source))
    documents = [
        article[k : k + DOCUMENT_WORDS] for article in articles for k in range(0, len(article), DOCUMENT_WORDS)
    ]
    n_tokens = sum(map(len, documents))
    print(f"{options.source}: {len(articles)} articles, {n_tokens:,} words; {SETTINGS}, {options.epochs} epochs")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "documents.json").write_text(json.dumps(documents))
        for seed in range(options.seeds):
            for name in CONTESTANTS:
                if result := start(name, Path(folder), options, seed):
                    rate = n_tokens * options.epochs / result["seconds"]
                    rows.append({"contestant": name, "seed": seed, "tokens/s": rate} | result)
    return pd.DataFrame(rows)


def report(results: pd.DataFrame) -> pd.DataFrame:
    """Print what was measured, a row a run, the means, which it gives, and the ratios."""
    print("\n" + results.round(3).to_string(index=False))
    means = results.groupby("contestant").mean(numeric_only=True).drop(columns="seed")
    print("\nMeans\n" + means.T.round(3).to_string())
    if len(means) == len(CONTESTANTS):
        wanted = {"tokens/s": "≥ 0.5, aim 1", "wordsim353": "", "simlex999": "", "analogies": ""}
        ratios = [
            (f"{key}, ours : gensim", means.loc["ours", key] / means.loc["gensim", key], wanted[key]) for key in wanted
        ]
        print("\n" + pd.DataFrame(ratios, columns=["ratio", "measured", "wanted"]).round(3).to_string(index=False))
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", default="wiki-text", help='what load("text") takes')
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2, help="of gensim's workers")
    parser.add_argument("--save", action="store_true", help="keep what was measured for make results")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)  # in a process of its own
    options = parser.parse_args()
    if options.run:
        return run(options.run[0], Path(options.run[1]), options, int(options.run[2]))
    print(machine(options.threads))
    means = report(measure(options))
    if options.save:
        keep(means, "means", more=("tokens/s", "wordsim353", "simlex999", "analogies"), threads=options.threads)


if __name__ == "__main__":
    main()
