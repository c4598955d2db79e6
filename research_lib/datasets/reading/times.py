"""Times as people write them, all of a column in one format."""

import re

import numpy as np
import pandas as pd

FORMATS = {  # none is ambiguous: 03/04/2021 is not among them
    "seconds since 1970": ("s",),
    "YYYYMMDD": ("%Y%m%d",),
    "YYYY-MM-DD": ("%Y-%m-%d",),
    "YYYY/MM/DD": ("%Y/%m/%d",),
    "YYYY.MM.DD": ("%Y.%m.%d", "%Y. %m. %d", "%Y.%m.%d.", "%Y. %m. %d."),
    "YYYY-MM-DD hh:mm:ss": ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"),
}
