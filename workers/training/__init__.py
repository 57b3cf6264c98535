"""Training of one candidate on one device."""
