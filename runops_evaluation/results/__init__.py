"""What the product made of a recording."""
