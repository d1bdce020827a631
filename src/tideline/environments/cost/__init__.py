"""What an environment costs a month: facts of its plan, a size, assumptions and a price file give rows that add up.

facts.py reads what is switched on from a plan; sizes.py the size and its load; assumptions.py what nobody can know
beforehand; the formulas (moving.py, computing.py, keeping.py, watching.py) give quantities; prices.py gives money;
estimate.py puts both together and page.py prints. Money is Decimal from text; it is rounded only where it is printed.
"""
