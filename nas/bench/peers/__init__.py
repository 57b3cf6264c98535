"""Other libraries' strategies on a table, driven by themselves and not by our search loop."""
