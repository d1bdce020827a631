"""Makes contracts out of what people have: a short form, a table, a sample or another schema; never guesses silently.

A source becomes a `Draft` (what it says, field by field, with what it leaves open), and a draft becomes the text of an
ODCS file. What is open is an empty value that lint refuses, with `# DECIDE:` beside it.
"""
