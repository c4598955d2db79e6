"""Formulas as sums of code vectors: f = g ∘ h."""
