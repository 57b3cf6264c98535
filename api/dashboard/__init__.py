"""The dashboard: pages that show what the database holds."""
