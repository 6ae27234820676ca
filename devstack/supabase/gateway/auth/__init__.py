"""`/auth/v1`: the part of Supabase's Auth service that the app and the operator use."""
