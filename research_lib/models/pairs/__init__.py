"""Vectors from pairs."""
