"""Circuit breakers: what stops every video stops the claims, and one video at a time tries whether it is over."""
