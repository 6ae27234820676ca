"""The database a user of the app has: the three tables, Supabase's roles, grants and row level security."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SeedOptions:
    """Which of the shapes found in users' projects the database has.

    Attributes
    ----------
    progress_columns : bool
        Newer projects have `jobs.progress_stage` and `jobs.progress_percent`.
    unique_sops : bool
        Newer projects have a unique `sops.job_id`.
    owners : bool
        Newer projects let signed-in users add, change and delete their own SOPs.
    realtime : bool
        Whether Realtime tells of `jobs`: the table is in the publication, which every project has.
    """

    progress_columns: bool = True
    unique_sops: bool = True
    owners: bool = True
    realtime: bool = False


_ROLES = """
create role anon nologin noinherit;
create role authenticated nologin noinherit;
create role service_role nologin noinherit bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
"""

_AUTH = """
create schema auth;
create table auth.users (
  id uuid primary key,
  email varchar(255) unique,
  encrypted_password varchar(255),
  raw_user_meta_data jsonb,
  is_anonymous boolean not null default false,
  created_at timestamptz not null default now()
);
create function auth.uid() returns uuid language sql stable as $$
  select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid
$$;
create function auth.role() returns text language sql stable as $$
  select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'
$$;
grant usage on schema auth to anon, authenticated, service_role;
grant execute on all functions in schema auth to anon, authenticated, service_role;
"""

_TABLES = """
create table public.jobs (
  id serial primary key,
  job_id uuid unique not null,
  status varchar(50) default 'queued',
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  completed_at timestamptz,
  error text,
  metadata jsonb{progress}
);
create table public.transcripts (
  id serial primary key,
  job_id uuid references public.jobs (job_id),
  transcript jsonb not null,
  created_at timestamptz default now(),
  updated_at timestamptz default now()
);
create table public.sops (
  id serial primary key,
  job_id uuid references public.jobs (job_id),
  data jsonb not null,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  user_id uuid references auth.users (id){unique}
);
"""

_ACCESS = """
grant usage on schema public to anon, authenticated, service_role;
grant all on all tables in schema public to anon, authenticated, service_role;
grant all on all sequences in schema public to anon, authenticated, service_role;
alter table public.jobs enable row level security;
alter table public.transcripts enable row level security;
alter table public.sops enable row level security;
create policy "service role does everything" on public.jobs
  for all to service_role using (true) with check (true);
create policy "service role does everything" on public.transcripts
  for all to service_role using (true) with check (true);
create policy "service role does everything" on public.sops
  for all to service_role using (true) with check (true);
create policy "users see their own and shared SOPs" on public.sops
  for select to authenticated using (auth.uid() = user_id or user_id is null);
"""

_OWNERS = """
create policy "users add their own SOPs" on public.sops
  for insert to authenticated with check (auth.uid() = user_id);
create policy "users change their own SOPs" on public.sops
  for update to authenticated using (auth.uid() = user_id) with check (auth.uid() = user_id);
create policy "users delete their own SOPs" on public.sops
  for delete to authenticated using (auth.uid() = user_id);
"""

_PROGRESS = """,
  progress_stage varchar(50),
  progress_percent int"""

_UNIQUE_SOPS = """,
  unique (job_id)"""


_PUBLICATION = "create publication supabase_realtime;"
_REALTIME = "alter publication supabase_realtime add table public.jobs;"


def seed_sql(options: SeedOptions) -> str:
    """Return the SQL that turns an empty database into a user's project.

    The tables got their grants when Supabase still gave them by itself (before 2026-10-30); a migration has to bring
    its own, as in a real project: nothing is granted by default here.
    """
    tables = _TABLES.format(
        progress=_PROGRESS if options.progress_columns else "",
        unique=_UNIQUE_SOPS if options.unique_sops else "",
    )
    published = _REALTIME if options.realtime else ""
    owners = _OWNERS if options.owners else ""
    return f"{_ROLES}\n{_AUTH}\n{tables}\n{_ACCESS}\n{owners}\n{_PUBLICATION}\n{published}"
