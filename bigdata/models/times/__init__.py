"""How long graph networks train: seconds for a batch and for a gradient step, measured by the authors of the paper."""
