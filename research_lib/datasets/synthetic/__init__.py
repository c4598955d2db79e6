"""Twins with a planted, known structure."""
