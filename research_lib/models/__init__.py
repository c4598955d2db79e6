"""What learns vectors: one folder for each family of models."""
