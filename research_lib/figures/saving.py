"""How a figure leaves a notebook: as two files of the run, and on the page with their hashes."""

import hashlib
import io
import os
from pathlib import Path
from unicodedata import category

import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.figure import Figure

from research_lib.figures.style import find_fonts, house_style
from research_lib.files import write_atomically

FIGURE_MIME = "application/vnd.research-lib.figure+json"
RUN_VARIABLE = "RESEARCH_LIB_RUN"
MOST_BYTES = 200  # of a figure's name; file systems allow 255, with the ending and the mark of a temporary file


def save_figure(fig: Figure, name: str, caption: str = "") -> None:
    """Write a figure into the run's folder, as PNG and SVG, and show it in the notebook.

    The same figure is the same bytes on every run: there are no dates and no random identifiers in it.

    Parameters
    ----------
    fig : Figure
        Closed afterwards.
    name : str
        Of the files, without an ending: letters, digits, ``_``, ``-``, and ``.`` between them, at most 200 bytes.
    caption : str
        One or two sentences on how to read the figure; they are kept with it.

    Raises
    ------
    ValueError
        If the name has other characters, or a figure of this name was saved in this run already.

    Warns
    -----
    UserWarning
        If no font on this machine has a character of the figure, which then shows a box.
    """
    _check_name(name)
    folder = Path(os.environ.get(RUN_VARIABLE, "runs/interactive")) / "figures"
    # A run has a folder of its own and draws with Agg, which shows no windows; in a session, where Agg is not used,
    # a cell is run again and again.
    if RUN_VARIABLE in os.environ and plt.get_backend().lower() == "agg" and (folder / f"{name}.png").exists():
        raise ValueError(f"Figure {name!r} was saved already in this run, expected a name of its own.")
    find_fonts(fig, name)
    content = {ending: _rendered(fig, ending) for ending in ("png", "svg")}
    for ending, data in content.items():
        write_atomically(folder / f"{name}.{ending}", data)
    files = {ending: hashlib.sha256(data).hexdigest() for ending, data in content.items()}
    bundle = {
        "image/png": content["png"],
        "text/plain": f"{name}: {caption}",
        FIGURE_MIME: {"name": name, "caption": caption, "files": files},
    }
    display(bundle, raw=True, metadata={"image/png": {"width": round(fig.get_figwidth() * 100)}})
    plt.close(fig)


def _check_name(name: str) -> None:
    """`ValueError` unless figures of this name are ordinary files on every system."""
    inside = isinstance(name, str) and all(char in "_-." or category(char)[0] in "LMN" for char in name)
    if not inside or not 0 < len(name.encode()) <= MOST_BYTES or name != name.strip("."):
        allowed = f"letters, digits, _, -, and . between them, at most {MOST_BYTES} bytes in UTF-8"
        raise ValueError(f"Figure name {name!r}, expected {allowed}.")


def _rendered(fig: Figure, ending: str) -> bytes:
    buffer = io.BytesIO()
    with house_style():
        fig.savefig(
            buffer,
            format=ending,
            bbox_inches="tight",
            facecolor="white",
            metadata={"Date": None} if ending == "svg" else None,
        )
    return buffer.getvalue()
