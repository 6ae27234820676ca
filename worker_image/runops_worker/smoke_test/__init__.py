"""A small paid call to each model, which proves what no free request can: that the API takes what the worker sends."""
