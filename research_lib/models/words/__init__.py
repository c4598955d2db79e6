"""Vectors of words, and search by them."""
