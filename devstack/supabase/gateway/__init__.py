"""The front door of a Supabase project on one port: keys, the database's REST interface, Storage, Realtime."""
