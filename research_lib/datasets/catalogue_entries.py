"""What the catalogue knows of every public dataset: its size, its licence, and where its files lie."""

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """One file of a dataset, byte for byte as published."""

    name: str
    url: str
    sha256: str
    n_bytes: int


@dataclass(frozen=True)
class Dataset:
    """One public dataset; `kind` is the first argument of `datasets.load`."""

    name: str
    kind: str
    description: str
    rows: int
    columns: int
    licence: str
    citation: str
    files: tuple[File, ...]


_BOOKS = (
    "https://raw.githubusercontent.com/WillKoehrsen/wikipedia-data-science/6677afca87d4c9788ea5e33fce9785eb6f6fc0ef"
)
_BOOKS_CITATION = (
    "Koehrsen, W. (2018). Building a Recommendation System Using Neural Network Embeddings. Wikipedia dump of 2018."
)
_LOGV = "https://raw.githubusercontent.com/chemcognition-lab/chemixhub/6b878cc39db059718c9a79d96e92fd5a61a2e5e6/datasets/logV"
_GAP = "https://raw.githubusercontent.com/anthony-wang/CrabNet/457b4d4835737ecbe4dd33e53174bd818bd82143/data/matbench_cv/expt_gap"
_GAP_FILES = (
    ("train0.csv", "d928f3e289cd33040e962d3d5a73c5867843d1ff19e54803749d7f064f843795", 45_308),
    ("train1.csv", "26baed1a2b983e03b28adecc83ad3a968d32633838415141c73c8133f5278d6d", 45_005),
    ("train2.csv", "dd6bcb6b7b23596b733ede0642897fcacc0264e5acd2c3b977256c111293098c", 44_979),
    ("train3.csv", "e229dc5eab74b29e030034f0b75f29d7ede3e0fad6982b2df85001ba9d0ed181", 45_224),
    ("train4.csv", "e8846e0c55d763e3418b2b2239a58deae77579875fcef138d967da795ec07849", 45_102),
    ("val0.csv", "6d7f2047b76af413146a06b24b8b2694a3a04d0931b26e39727ff0141efe75cc", 4_931),
    ("val1.csv", "a012624dd889d8c02bf4ced65d3b074f9e5a1269f70b6dc43f027a347755dc70", 5_056),
    ("val2.csv", "8c7a362d9f961efa9b48d1244d77c796ae103c950e829afa3dd0cf1b051ab341", 4_964),
    ("val3.csv", "3d34f629488bdebedd5297236d1d996744890a67bdd0b509e50bf2b805dd533d", 4_929),
    ("val4.csv", "e456aa555c24e8697d99a1d3070a231aaa2092457f5bd40c16fe21337f8f1504", 5_012),
    ("test0.csv", "ed1c22560eaae188dd0a000e89833f293a7917a0fe792aefd230e921c21a3186", 12_394),
    ("test1.csv", "874729ddea1c796105d26993a4b5e094a9879dc1b3ca35421879058b6f681025", 12_567),
    ("test2.csv", "51d222f5931b23d9fbbbe25f4971c2acb6158bee7112ba48f3d891b99771f38a", 12_691),
    ("test3.csv", "aec5255847eb036bba3e9ff5eebf81b10db8652e2e2f4dfcf72eb2a690425d17", 12_463),
    ("test4.csv", "9d20240f2155245fdece666dd47a0db3e2965823716f39791d79b193f842b242", 12_523),
)
_MNIST = "https://raw.githubusercontent.com/kelas/mnist/283b387221ab46655e600cfcc25d843bb14292b9"
_GENSIM = (
    "https://raw.githubusercontent.com/piskvorky/gensim/37f90ec121eb7cd401448a947e80953e0c53ccdc/gensim/test/test_data"
)

DATASETS = (
    Dataset(
        name="books-p15",
        kind="books",
        description="book articles of one partition of the 2018 Wikipedia dump, with the pages they link to",
        rows=1413,
        columns=6,
        licence="CC BY-SA (Wikipedia text)",
        citation=_BOOKS_CITATION,
        files=(
            File(
                "p15_books.ndjson",
                f"{_BOOKS}/data/p15_books.ndjson",
                "8a5936d69be4886075c04fcec028094edb08442daceb81679acca1753ce0f0fe",
                1_962_641,
            ),
        ),
    ),
    Dataset(
        name="books",
        kind="books",
        description="all book articles of the 2018 Wikipedia dump, with the pages they link to",
        rows=37_020,
        columns=6,
        licence="CC BY-SA (Wikipedia text)",
        citation=_BOOKS_CITATION,
        files=(
            File(
                "found_books_filtered.ndjson",
                f"{_BOOKS}/data/found_books_filtered.ndjson",
                "0d486159c46313ac3498a76ef4abfc9f2db3f302e564cfe4c5fcec5298ace4b7",
                58_925_764,
            ),
        ),
    ),
    Dataset(
        name="cosing",
        kind="ingredients",
        description="the EU's inventory of cosmetic ingredients and their functions",
        rows=28_712,
        columns=4,
        licence="EU open data (reuse with attribution)",
        citation="European Commission, CosIng: Cosmetic Ingredient Database, as gathered by sohab117/inci-cas-builder.",
        files=(
            File(
                "cosing.csv",
                "https://raw.githubusercontent.com/sohab117/inci-cas-builder/c457a8e03887b0cd4a4ab4df16d4873eb835b339"
                "/data/cosing.csv",
                "13b3974654814754d3dc272332fabd55710e33801866961ee537d190fc2c22a1",
                2_113_999,
            ),
        ),
    ),
    Dataset(
        name="logv",
        kind="mixtures",
        description="viscosity of pure liquids and mixtures of two, at a temperature, with a published split",
        rows=34_374,
        columns=7,
        licence="CC BY 4.0",
        citation="CheMixHub (2025). Datasets and benchmarks for chemical mixture property prediction.",
        files=(
            File(
                "processed_logV.csv",
                f"{_LOGV}/processed_data/processed_logV.csv",
                "a92d126886603874e493484ef493d5f4eaa7c541e26919f2d09fdc308c78930c",
                2_330_887,
            ),
            File(
                "logV_compounds.csv",
                f"{_LOGV}/processed_data/compounds.csv",
                "c3edcc99be57053bba1aed2139afa59c5e1e7425d1f1123c1175fe0520eb5174",
                35_668,
            ),
        ),
    ),
    Dataset(
        name="expt-gap",
        kind="mixtures",
        description="measured band gap of inorganic compositions, with five published folds",
        rows=4_603,
        columns=2,
        licence="MIT (CrabNet repository)",
        citation="Wang, A. et al. (2021). Compositionally restricted attention-based network. Data of matbench.",
        files=tuple(File(name, f"{_GAP}/{name}", sha256, size) for name, sha256, size in _GAP_FILES),
    ),
    Dataset(
        name="wiki-text",
        kind="text",
        description="a MediaWiki dump of 206 pages of Wikipedia, 106 of them articles with about 470,000 words",
        rows=206,
        columns=1,
        licence="CC BY-SA (Wikipedia text)",
        citation="Wikipedia, dump of 2016, shortened, as it comes with the tests of gensim.",
        files=(
            File(
                "enwiki-shortened.xml.bz2",
                f"{_GENSIM}/enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2",
                "a53f4648dec40467ebdcbc7a1307eddb51fe6e28e9309f6ebde81ba0d04bea2d",
                1_695_871,
            ),
        ),
    ),
    Dataset(
        name="word-tests",
        kind="word-tests",
        description="questions for word vectors: 19,544 analogies, and 353 and 999 pairs of words that people compared",
        rows=19_544,
        columns=4,
        licence="Apache 2.0 (analogies); the pairs: see their sources",
        citation="Mikolov, T. et al. (2013), word2vec. Finkelstein, L. et al. (2002), WordSim-353. "
        "Hill, F. et al. (2015), SimLex-999.",
        files=(
            File(
                "questions-words.txt",
                f"{_GENSIM}/questions-words.txt",
                "8c29b3332afc46f3fb8be04cb5297bf96f39aa7131272dff57869b4485b22a36",
                603_955,
            ),
            File(
                "wordsim353.tsv",
                f"{_GENSIM}/wordsim353.tsv",
                "f92a022fc2537793a15bc3a8c162ebcd74990e033a228bb6388cb71e4c0b1e1d",
                7186,
            ),
            File(
                "simlex999.txt",
                f"{_GENSIM}/simlex999.txt",
                "d5e0501971478a511430ee880bd0121e94ac701ba86d90544d83e6d2ba3db05d",
                18_126,
            ),
        ),
    ),
    Dataset(
        name="mnist-test",
        kind="images",
        description="handwritten digits, 28 × 28 pixels: the test part of MNIST, with their labels",
        rows=10_000,
        columns=784,
        licence="CC BY-SA 3.0",
        citation="LeCun, Y., Cortes, C. and Burges, C. (1998). The MNIST database of handwritten digits.",
        files=(
            File(
                "t10k-images-idx3-ubyte.gz",
                f"{_MNIST}/t10k-images-idx3-ubyte.gz",
                "167310007f03058885c7e95e6c0b19c20de5c7fd3031f4cbdadc9014a523d80b",
                1_648_877,
            ),
            File(
                "t10k-labels-idx1-ubyte.gz",
                f"{_MNIST}/t10k-labels-idx1-ubyte.gz",
                "fc607395669ec21321ea83e4b82c0544b7e8e63ff5b34337c06bc0a17cc0da3c",
                4542,
            ),
        ),
    ),
    Dataset(
        name="movielens-small",
        kind="films",
        description="ratings of 9,742 films by 610 users, 1996 to 2018",
        rows=100_836,
        columns=4,
        licence="research use, no commercial use; redistribution under the same terms (README.txt in the archive)",
        citation="Harper, F. M. and Konstan, J. A. (2015). The MovieLens Datasets: History and Context. ACM TiiS 5(4).",
        files=(
            File(
                "ml-latest-small.zip",
                "https://files.grouplens.org/datasets/movielens/ml-latest-small.zip",
                "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436",
                978_202,
            ),
        ),
    ),
)
