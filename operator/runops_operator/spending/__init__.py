"""What all videos cost together: counted once, kept in a ConfigMap, and compared with the caps."""
