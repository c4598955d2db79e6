"""Images that a detector of anomalies should find: no normal picture is near them."""

import numpy as np

from research_lib.containers.images import Images


def strange_images(images: Images, n: int = 200, random_state: int = 0) -> dict[str, Images]:
    """Images that nobody drew, made from those that somebody did.

    Parameters
    ----------
    images : Images
        What is normal.
    n : int
        Number of images of each kind of strangeness.
    random_state : int
        Seed.

    Returns
    -------
    dict of str to Images
        ``noise``: uniform from 0 to 1. ``shuffled pixels``: the pixels of an image in another order, the same for all
        images. ``inverted``: ink and paper swapped. ``stripes``: of random direction and width. ``two halves``: the
        upper half of one image above the lower half of another.
    """
    rng = np.random.default_rng(random_state)
    height, width = images.height, images.width
    some, others = (images.pixels[rng.choice(len(images), n, replace=len(images) < n)] for _ in range(2))
    order = rng.permutation(height * width)
    down, across = np.mgrid[:height, :width]
    turn, period, start = (
        rng.uniform(low, high, (n, 1, 1)) for low, high in ((0, np.pi), (3, max(4, width / 3)), (0, 2 * np.pi))
    )
    waves = np.cos(2 * np.pi / period * (np.cos(turn) * down + np.sin(turn) * across) + start)
    found = {
        "noise": rng.random((n, height, width)),
        "shuffled pixels": some.reshape(n, -1)[:, order].reshape(some.shape),
        "inverted": 1 - some,
        "stripes": (waves + 1) / 2,
        "two halves": np.concatenate([some[:, : height // 2], others[:, height // 2 :]], axis=1),
    }
    return {name: Images(pixels, source=f"{images.source}, {name}") for name, pixels in found.items()}
