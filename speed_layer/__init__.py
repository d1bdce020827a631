"""The speed layer: poll, decode, validate, deduplicate, fold, publish increments."""
