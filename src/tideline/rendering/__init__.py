"""Contract to text: pure functions, rendered whole."""
