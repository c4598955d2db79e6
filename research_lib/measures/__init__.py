"""One number with its null."""
