"""What earlier attempts finished, so that a retry repeats neither the transcode nor a paid call."""
