"""Where candidates are trained: the train step, Ray Tune, and the runner of jobs."""
