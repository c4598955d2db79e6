"""One number with its null, for every question that the notebooks ask; `__init__.pyi` lists what is loaded on use."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
