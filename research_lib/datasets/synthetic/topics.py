"""Tables with planted topics: what a model must find, and the null it is measured against."""

import numpy as np
import pandas as pd

from research_lib.checks import check_integers
from research_lib.containers.interactions import Interactions

GENERIC = -1  # the topic of a link that belongs to none


def planted_topics(
    n_rows: int = 300,
    n_cols: int = 200,
    n_topics: int = 5,
    links_per_row: float = 12,
    *,
    main: float = 0.65,
    second: float = 0.15,
    generic: float = 0.15,
    generic_cols: float = 0.02,
    zipf: float = 0.7,
    spread: float = 0.6,
    min_rows_per_col: int = 1,
    axes: tuple[str, str] = ("book", "link"),
    random_state: int | np.random.Generator | None = 0,
) -> Interactions:
    """Books about topics, and the links that such books would have.

    A book has a main topic, a second one and a length. A link belongs to one topic or is generic ("English language"),
    and has a popularity. A book draws its links one by one, popular ones more often: from its main topic, its second
    topic, the generic links, or anywhere. Repeated draws count once, so pairs are distinct; they are sorted.

    Parameters
    ----------
    n_rows, n_cols, n_topics : int
        Number of books, links and topics. Topics differ in size.
    links_per_row : float
        Mean number of draws per book; distinct links are somewhat fewer.
    main, second, generic : float
        Shares of the draws from the main topic, the second topic and the generic links; the rest comes from anywhere.
    generic_cols : float
        Share of the links that belong to no topic.
    zipf : float
        A link's popularity is ``rank ** -zipf`` within its topic.
    spread : float
        Standard deviation of the logarithm of the books' lengths.
    min_rows_per_col : int
        Links in fewer books are added to more books, of their own topic if possible.
    axes : tuple of str
        What a row and a column are.
    random_state : int, Generator or None
        The same seed gives the same table.

    Returns
    -------
    Interactions
        ``row_metadata`` has ``topic`` and ``second_topic``, ``col_metadata`` has ``topic``, from 0; -1 is generic.

    Raises
    ------
    ValueError
        If the sizes or the shares cannot be met.
    """
    n_generic = round(generic_cols * n_cols) if generic else 0
    if not 0 < n_topics <= min(n_rows, n_cols - n_generic):
        raise ValueError(f"{n_topics} topics for {n_rows} rows and {n_cols - n_generic} columns that have a topic.")
    if min(main, second, generic) < 0 or main + second + generic > 1:
        raise ValueError(f"Shares main={main}, second={second}, generic={generic}: expected a sum up to 1.")
    if not links_per_row > 0 or not 0 <= min_rows_per_col <= n_rows:
        raise ValueError(f"links_per_row={links_per_row}, min_rows_per_col={min_rows_per_col} for {n_rows} rows.")
    rng = np.random.default_rng(random_state)

    sizes = rng.dirichlet(np.full(n_topics, 5.0))  # a subject with more books has more links
    row_topic = _topics(n_rows, sizes, rng)
    second_topic = (row_topic + rng.integers(1, n_topics, n_rows)) % n_topics if n_topics > 1 else row_topic
    # Inside, the generic links are one more topic, the last.
    col_topic = rng.permutation(np.append(_topics(n_cols - n_generic, sizes, rng), np.full(n_generic, n_topics)))

    lengths = rng.lognormal(np.log(links_per_row) - spread**2 / 2, spread, n_rows)
    rows = np.repeat(np.arange(n_rows), np.maximum(1, np.rint(lengths)).astype(int))
    origin = np.searchsorted(
        np.cumsum([main, second, generic if n_generic else 0]), rng.random(len(rows)), side="right"
    )
    anywhere = col_topic[rng.integers(0, n_cols, len(rows))]
    topic = np.choose(origin, [row_topic[rows], second_topic[rows], n_topics, anywhere])
    cols = _draw_cols(topic, col_topic, zipf, rng)

    keys = np.unique(rows * n_cols + cols)
    keys = _fill_rare_cols(keys, row_topic, col_topic, min_rows_per_col, rng)
    return Interactions(
        pairs=np.column_stack(np.divmod(keys, n_cols)),
        row_names=np.array([f"{axes[0]} {number}" for number in range(n_rows)]),
        col_names=np.array([f"{axes[1]} {number}" for number in range(n_cols)]),
        row_metadata=pd.DataFrame({"topic": row_topic, "second_topic": second_topic}),
        col_metadata=pd.DataFrame({"topic": np.where(col_topic == n_topics, GENERIC, col_topic)}),
        source="synthetic: planted topics",
        axes=axes,
    )


def _topics(n: int, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A topic for each of `n`, every topic at least once, in random order."""
    chosen = rng.choice(len(sizes), n - len(sizes), p=sizes)
    return rng.permutation(np.append(np.arange(len(sizes)), chosen))


def _draw_cols(topic: np.ndarray, col_topic: np.ndarray, zipf: float, rng: np.random.Generator) -> np.ndarray:
    """A column of the wanted topic for each draw, by popularity: inverse CDF over the columns sorted by topic."""
    order = np.argsort(col_topic, kind="stable")
    starts = np.searchsorted(col_topic[order], np.arange(col_topic.max() + 2))
    rank = np.arange(len(order)) - starts[col_topic[order]]
    edges = np.append(0, np.cumsum((rank + 1.0) ** -zipf))
    low, high = edges[starts[topic]], edges[starts[topic + 1]]
    position = np.searchsorted(edges, low + rng.random(len(topic)) * (high - low), side="right") - 1
    return order[np.clip(position, starts[topic], starts[topic + 1] - 1)]  # rounding may step over an edge


def _fill_rare_cols(
    keys: np.ndarray, row_topic: np.ndarray, col_topic: np.ndarray, min_rows: int, rng: np.random.Generator
) -> np.ndarray:
    """Add columns that are in fewer than `min_rows` rows to more rows: of their topic first, then of any."""
    n_cols, any_topic = len(col_topic), np.full(len(row_topic), -1)
    for attempt in range(1000):
        missing = np.maximum(0, min_rows - np.bincount(keys % n_cols, minlength=n_cols))
        if not missing.any():
            break
        cols = np.repeat(np.arange(n_cols), missing)
        topics = row_topic if attempt < 5 else any_topic
        order = np.argsort(topics, kind="stable")
        low, high = (np.searchsorted(topics[order], col_topic[cols], side=side) for side in ("left", "right"))
        low, high = np.where(low < high, [low, high], [[0], [len(order)]])  # no row has this topic: any row
        keys = np.unique(np.append(keys, order[rng.integers(low, high)] * n_cols + cols))
    return keys


def checkerboard(n: int = 50, leave_out: bool = True) -> Interactions:
    """Even rows have even columns, odd rows odd ones: the smallest table with one right answer.

    Parameters
    ----------
    n : int
        Number of rows and of columns, at least 4.
    leave_out : bool
        Leave out each pair (i, i), so that column i is the one right recommendation for row i.

    Returns
    -------
    Interactions
        ``topic`` is 0 for even and 1 for odd rows and columns. The idea comes from the shared test of `implicit`.
    """
    check_integers(4, n=n)
    number = np.arange(n)
    board = (number[:, None] + number[None]) % 2 == 0
    if leave_out:
        np.fill_diagonal(board, False)
    parity = pd.DataFrame({"topic": number % 2})
    return Interactions(
        pairs=np.argwhere(board),
        row_names=np.array([f"row {i}" for i in number]),
        col_names=np.array([f"column {i}" for i in number]),
        row_metadata=parity,
        col_metadata=parity.copy(),
        source="synthetic: checkerboard",
    )


def book_links_twin(random_state: int | np.random.Generator | None = 0, scale: float = 1.0) -> Interactions:
    """The twin of the full book table: 37,020 books, 41,758 links, every link in at least 4 books.

    Parameters
    ----------
    random_state : int, Generator or None
        The same seed gives the same table.
    scale : float
        Share of the books, links and topics; 1 is the full size, with 300 topics.
    """
    n_rows, n_cols, n_topics = (max(4, round(size * scale)) for size in (37_020, 41_758, 300))
    # 19 draws per book become 17 distinct links, as in the real table. With this popularity the tutorial's model has
    # losses much like those it reports: 0.97, 0.83, 0.60, 0.52 … 0.45 here; 0.95, 0.72, 0.51, 0.47 … 0.42 there.
    return planted_topics(n_rows, n_cols, n_topics, 19, zipf=0.9, min_rows_per_col=4, random_state=random_state)


def shuffled_pairs(interactions: Interactions, random_state: int | np.random.Generator | None = 0) -> Interactions:
    """The null of a table: every column given to other rows at random, so that nothing goes together.

    Parameters
    ----------
    interactions : Interactions
        Repeated pairs count once.
    random_state : int, Generator or None
        The same seed gives the same table.

    Returns
    -------
    Interactions
        Every column has as many rows as before; a row may have none.
    """
    rng = np.random.default_rng(random_state)
    cols = np.sort(interactions.distinct().pairs[:, 1])
    rows = [rng.choice(interactions.n_rows, n, replace=False) for n in np.bincount(cols)]
    return interactions.with_pairs(np.column_stack([np.concatenate(rows), cols]))
