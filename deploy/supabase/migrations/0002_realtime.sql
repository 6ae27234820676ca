-- Optional. Has Supabase Realtime tell of changes of the table jobs, so that runops-operator need not wait for its next
-- turn to see a queued row (the chart's setting realtime.enabled). Without it everything works, some seconds later.
-- It may be run again at any time and then changes nothing. Run the file as a whole, in the SQL editor of the Supabase
-- dashboard or by `psql --single-transaction`. Switching on Realtime for jobs in the dashboard does the same.
-- ../rollback/0002_realtime.sql undoes it.
--
-- What it does:
--   adds jobs to the publication supabase_realtime; a project without that publication gets it
-- What it leaves alone: row level security, its policies and the replica identity. Whoever may read a row may be told
-- of it from now on; that a row was deleted, and its id, everybody may be told who may read the table at all.

-- Rather give up than make the app wait behind us.
set local lock_timeout = '10s';

do $$
declare
  one text;
begin
  if not exists (select from pg_publication where pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  -- Also true where the publication is for all tables, or for the whole schema.
  if not exists (
    select from pg_publication_tables
    where pubname = 'supabase_realtime' and schemaname = 'public' and tablename = 'jobs'
  ) then
    alter publication supabase_realtime add table public.jobs;
    -- Noted, so that the rollback removes jobs only where this file added it.
    create table if not exists public.runops_added (
      thing text primary key,
      added_at timestamptz not null default now()
    );
    alter table public.runops_added enable row level security;
    revoke all on public.runops_added from public;
    for one in select rolname from pg_roles where rolname in ('anon', 'authenticated') loop
      execute format('revoke all on public.runops_added from %I', one);
    end loop;
    insert into public.runops_added (thing) values ('publication supabase_realtime.jobs') on conflict do nothing;
  end if;
end
$$;
