"""The space of stages: a stem, stages of repeated blocks of one family each, and a head."""
