"""Weight sharing: one network that holds every candidate of a space as a path through it."""
