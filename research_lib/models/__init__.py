"""What learns vectors, a folder a family."""
