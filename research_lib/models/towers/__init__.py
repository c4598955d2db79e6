"""Two towers and a table of days."""
