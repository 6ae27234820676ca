"""The controller: claims rows, runs one Kubernetes Job per video, reports back."""
