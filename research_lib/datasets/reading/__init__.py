"""How people write tables, times, formulas and articles."""
