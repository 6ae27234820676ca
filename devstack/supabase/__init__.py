"""A Supabase project on one machine: PostgreSQL, PostgREST, and a gateway with Storage and Realtime."""
