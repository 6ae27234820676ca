"""The adapters to Supabase: the tables `jobs`, `transcripts` and `sops`, and the object storage."""
