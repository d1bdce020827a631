"""The stages of a batch run that are plain Python or dbt, each a pure function of (run key, contract hash)."""
