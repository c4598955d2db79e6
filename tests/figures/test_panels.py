import pandas as pd
import pytest

from research_lib.figures import plot_day_maps, plot_histories, plot_layers, plot_parity, plot_shepard


@pytest.mark.parametrize(
    "plot",
    [
        plot_histories,
        plot_shepard,
        plot_day_maps,
        plot_layers,
        lambda nothing: plot_parity(pd.DataFrame(columns=["part", "target"]), []),
    ],
)
def test_a_figure_without_panels_is_refused(plot):
    with pytest.raises(ValueError, match="Nothing to draw, expected at least one panel"):
        plot({})
