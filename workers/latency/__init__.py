"""How long a network's inference takes: measured, or predicted from its operations."""
