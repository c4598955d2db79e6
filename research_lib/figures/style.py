"""The house style: its colours and its fonts."""

import warnings
from contextlib import AbstractContextManager
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib import RcParams
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, findfont, fontManager, get_font
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

FONTS = ["DejaVu Sans", "NanumGothic"]

ACCENT, GREY, INK = "#0072B2", "#D3D3D3", "#222222"
BASELINE, NOTE = "#999999", "#666666"  # what the accent is compared with, and what is said of it
MARK, MARK_TEXT = "#B07A00", "#8A5F00"  # a number that was planted or chosen
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#AA4499", "#E69F00", "#56B4E9", "#882255", "#999933")  # Okabe–Ito and Tol
STYLE = RcParams({
    "font.family": FONTS,  # what the first has no character for is taken from the next
    "figure.figsize": (7.2, 4.5),
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titlepad": 12,
    "axes.edgecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "svg.hashsalt": "research_lib",
})  # fmt: skip
VECTOR_POINTS = 2000  # more points are pixels within the SVG, which would be megabytes otherwise
SHADES = LinearSegmentedColormap.from_list("shades", ["#FFFFFF", "#9CC8E3", ACCENT, "#00304D"])
HALO = [withStroke(linewidth=2.5, foreground="white")]


def house_style(math: bool = True) -> AbstractContextManager[None]:
    """The style as a context: ``with house_style(): …``.

    Parameters
    ----------
    math : bool
        Whether ``$x^2$`` is a formula, which matplotlib itself writes along logarithmic axes. The plots here draw names
        as they are in the data: "$5 and $10" is no formula.
    """
    _add_fonts()
    return plt.rc_context(STYLE if math else {**STYLE, "text.parse_math": False})


def dark(colour: str) -> tuple[float, float, float]:
    """The colour, dark enough to be read as text."""
    red, green, blue = to_rgb(colour)
    return 0.75 * red, 0.75 * green, 0.75 * blue


def short(text: str, length: int) -> str:
    """The text, cut to at most so many characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def find_fonts(fig: Figure, name: str) -> None:
    """Give each text the fonts for its characters: ours first, then those of the machine."""
    _add_fonts()
    others = [font for font in fontManager.ttflist if not font.name.startswith("Last Resort")]  # it has only boxes
    for text in fig.findobj(Text):
        missing = {ord(char) for char in text.get_text() if char.isprintable()} - _characters(findfont(FONTS[0]))
        if not missing:
            continue
        families = dict.fromkeys([*text.get_fontfamily(), *FONTS])  # also of a text written outside our style
        missing = missing.difference(*(_characters(findfont(font)) for font in FONTS))
        for font in others if missing else []:
            if found := missing & _characters(font.fname):
                families[font.name] = None
                missing -= found
        text.set_fontfamily([*families])
        if missing:
            boxes = " ".join(f"{chr(code)} (U+{code:04X})" for code in sorted(missing)[:5])
            warnings.warn(f"Figure {name!r}: no font of this machine has {boxes}; install one that does.", stacklevel=3)


@cache
def _add_fonts() -> None:
    """Make NanumGothic known to matplotlib, for Hangul, kana and Chinese."""
    # Only the package's files are wanted: importing it would change matplotlib's settings.
    folder = Path(str(distribution("koreanize-matplotlib").locate_file("koreanize_matplotlib/fonts")))
    # The bold file says that its weight is 600. By addfont it would be found too, with a warning that 700 is missing;
    # so it gets its entry by hand, and addfont, called last, makes matplotlib forget what it found before.
    bold = FontEntry(str(folder / "NanumGothicBold.ttf"), name="NanumGothic", weight=700, size="scalable")
    fontManager.ttflist.append(bold)
    fontManager.addfont(folder / "NanumGothic.ttf")


@cache
def _characters(path: str) -> frozenset[int]:
    return frozenset(get_font(path).get_charmap())
