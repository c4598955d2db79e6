"""What a table becomes before a model sees it: named axes, and where it came from."""
