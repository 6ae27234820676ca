-- Optional. runops-operator works on the tables as they are; this makes them faster and gives the app more to show.
-- It may be run again at any time and then changes nothing. Run the file as a whole, in the SQL editor of the Supabase
-- dashboard or by `psql --single-transaction`: either all of it is done or nothing.
--
-- What it does:
--   1. jobs.progress_stage and jobs.progress_percent, which the operator fills where they exist
--   2. indexes for what the operator asks for all the time
--   3. at most one transcript and one SOP for each job; surplus ones are moved aside first, none is thrown away
--   4. the rights of service_role, which newer Supabase projects no longer grant by themselves
-- What it leaves alone: row level security and its policies. Who may see what is the app's decision.

-- Rather give up than make the app wait behind us.
set local lock_timeout = '10s';

-- 1. Progress -----------------------------------------------------------------------------------------------------
alter table public.jobs
  add column if not exists progress_stage varchar(50),
  add column if not exists progress_percent int;

-- 2. Indexes ------------------------------------------------------------------------------------------------------
-- Both are partial: they hold the few rows that are under way, not the thousands that are done.
create index if not exists jobs_runops_queued on public.jobs (created_at, id) where status = 'queued';
create index if not exists jobs_runops_processing on public.jobs (updated_at) where status = 'processing';

-- 3. One result for each job --------------------------------------------------------------------------------------
-- The newest row of a job stays where it is, since that is the one an app shows. The others land here, whole.
create table if not exists public.runops_surplus_results (
  moved_at timestamptz not null default now(),
  table_name text not null,
  content jsonb not null
);
alter table public.runops_surplus_results enable row level security;
revoke all on public.runops_surplus_results from public;

do $$
declare
  results text;
  has_unique boolean;
begin
  foreach results in array array['transcripts', 'sops'] loop
    select exists (
      select 1
      from pg_index i
      join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = format('public.%I', results)::regclass
        and i.indisunique and i.indisvalid and i.indpred is null and i.indnkeyatts = 1 and a.attname = 'job_id'
    ) into has_unique;
    continue when has_unique;

    -- Nobody may add a second row between the moving and the constraint.
    execute format('lock table public.%I in share row exclusive mode', results);
    execute format($move$
      with surplus as (
        delete from public.%1$I where id in (
          select id from (
            select id, row_number() over (
              partition by job_id order by coalesce(updated_at, created_at) desc nulls last, id desc
            ) as place
            from public.%1$I where job_id is not null
          ) ranked
          where place > 1
        ) returning *
      )
      insert into public.runops_surplus_results (table_name, content) select %1$L, to_jsonb(surplus) from surplus
    $move$, results);
    execute format('alter table public.%I add constraint %I unique (job_id)', results, results || '_job_id_key');
  end loop;
end
$$;

-- 4. Rights -------------------------------------------------------------------------------------------------------
grant usage on schema public to service_role;
grant select, insert, update, delete on public.jobs, public.transcripts, public.sops to service_role;

do $$
declare
  sequence_name text;
begin
  for sequence_name in
    select pg_get_serial_sequence(format('public.%I', t), 'id') from unnest(array['jobs', 'transcripts', 'sops']) t
  loop
    if sequence_name is not null then
      execute format('grant usage, select on sequence %s to service_role', sequence_name);
    end if;
  end loop;
end
$$;

-- PostgREST learns of the new columns at once.
notify pgrst, 'reload schema';
