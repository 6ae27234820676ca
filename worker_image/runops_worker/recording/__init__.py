"""The recording on its way from storage."""
