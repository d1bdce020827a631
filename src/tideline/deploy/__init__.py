"""Plan and apply: from the contracts that are in force to those that shall be, in stages that both commands walk."""
