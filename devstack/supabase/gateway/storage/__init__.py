"""A stand-in for Supabase Storage: its protocol over files on disk and a small index."""
