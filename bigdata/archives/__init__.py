"""Archives that runs are sent to when they are done: NOMAD."""
