"""One script per verb; transforms are pure DataFrame -> DataFrame."""
