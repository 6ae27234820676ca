"""Checks of `runops check`: the project, the models and the cluster, and the form in which findings are printed."""
