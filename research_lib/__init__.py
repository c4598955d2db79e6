"""Tables become vectors, vectors become an `Embedding`, an `Embedding` is looked at, measured and published.

The public names stand in ``__init__.pyi``; each is imported when it is first used, so that nobody waits for torch.
"""

import lazy_loader

__version__ = "0.2.0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
