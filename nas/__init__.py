"""What to try next: samplers, the search loop, the database, export."""
