"""The serving layer: merge batch and speed, answer, say what the answer covers."""
