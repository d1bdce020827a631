"""One file per outside system; adapters never import each other."""
