"""The outside world on one machine: databases, stand-ins, a cluster. For tests and demos only."""
