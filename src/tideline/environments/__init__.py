"""Environments on AWS as Tideline sees them: their folders, their plans, what they permit and what they cost."""
