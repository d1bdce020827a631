"""From what drifted to the contract that would read it: evidence out of documents and raw records, then an edit."""
