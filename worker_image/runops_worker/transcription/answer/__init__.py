"""The model's answer about one chunk: the schema that asks for it, and the reader that settles it by rule. Pure."""
