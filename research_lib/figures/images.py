"""Pictures in rows: a query and its hits, originals and reconstructions, the most anomalous."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from research_lib.figures.style import ACCENT, house_style, short

GAP, APART = 0.12, 0.35  # between pictures, in widths of a picture; and more after a query
CAPTION = 0.28  # height of a line of text below a picture, in inches


def plot_images(
    rows: Mapping[str, np.ndarray],
    title: str = "",
    *,
    captions: Mapping[str, Sequence[str]] | None = None,
    query_first: bool = False,
) -> tuple[Figure, Axes]:
    """Rows of pictures, each with its name.

    Parameters
    ----------
    rows : mapping of str to ndarray, shape (n, height, width)
        Pixels from 0 (white) to 1 (black) by the name of the row, all of one size; rows may differ in length.
    title : str
        What the pictures show.
    captions : mapping of str to sequence of str, optional
        A short text below each picture of a row; rows without captions may be left out.
    query_first : bool
        Whether the first picture of each row is a query: it is framed and stands apart.
    """
    shapes = {np.shape(pictures)[1:] for pictures in rows.values()}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ValueError(f"Pictures of shapes {sorted(shapes)}, expected rows of (n, height, width), all of one size.")
    captions = captions or {}
    n_cols = max(len(pictures) for pictures in rows.values())
    height, width = next(iter(rows.values())).shape[1:]
    longest = max(len(short(str(name), 24)) for name in rows)
    margin = 0.085 * longest + 0.15  # inches for the names of the rows
    across = n_cols * (1 + GAP) + APART * query_first  # in widths of a picture
    inches = min((7.2 - margin) / across, 1.1)  # of a picture's width
    tall = height / width
    text = CAPTION / inches  # of a caption's height, in widths of a picture
    with house_style(math=False):
        steps = [tall + (text if name in captions else GAP) for name in rows]
        fig = plt.figure(figsize=(7.2, sum(steps) * inches + 0.35))
        down = sum(steps) * inches / fig.get_figheight()
        ax = fig.add_axes((margin / 7.2, 0, across * inches / 7.2, down))
        ax.set(xlim=(0, across), ylim=(sum(steps), 0))
        ax.set_axis_off()
        for (name, pictures), top in zip(rows.items(), np.cumsum([0, *steps[:-1]]), strict=True):
            ax.text(-0.1 / inches, top + tall / 2, short(str(name), 24), ha="right", va="center")
            for number, picture in enumerate(pictures):
                left = number * (1 + GAP) + APART * (query_first and number > 0)
                box = left, left + 1, top + tall, top
                ax.imshow(picture, cmap="Greys", vmin=0, vmax=1, extent=box, aspect="auto", interpolation="nearest")
                asked = query_first and number == 0
                colour, wide = (ACCENT, 2.0) if asked else ("#CCCCCC", 0.5)
                ax.add_patch(Rectangle((left, top), 1, tall, fill=False, ec=colour, lw=wide))
                if name in captions:
                    ax.text(left + 0.5, top + tall + 0.05 / inches, captions[name][number], fontsize=7.5, ha="center",
                            va="top")  # fmt: skip
        ax.set(xlim=(0, across), ylim=(sum(steps), 0))  # imshow has set its own
        fig.text(0.01, 1, title, fontsize=12, va="top")
    return fig, ax
