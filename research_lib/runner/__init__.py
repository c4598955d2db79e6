"""Discover, check, run and sweep notebooks, and read back what they recorded; knows nothing of embeddings."""
