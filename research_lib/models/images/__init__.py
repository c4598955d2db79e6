"""Vectors of images and of the rows of a matrix."""
