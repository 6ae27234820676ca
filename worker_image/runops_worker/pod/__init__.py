"""What only the worker's pod needs: its environment, its claim, its termination report."""
