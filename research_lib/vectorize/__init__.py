"""Tables of things as sparse vectors."""
