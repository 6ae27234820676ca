"""What a recording is: its type, length, streams and coded pictures, and whether it is refused."""
