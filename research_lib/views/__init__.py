"""What is seen of an embedding: maps, clusters, grids."""
