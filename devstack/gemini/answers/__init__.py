"""What the stand-in says: derived from measurements and text, fitted into a schema, ended as asked."""
