"""What people use instead of our models, and what those have to beat."""
