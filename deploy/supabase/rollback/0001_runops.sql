-- Undoes migrations/0001_runops.sql. It may be run again at any time and then changes nothing. Run the file as a whole, in
-- the SQL editor of the Supabase dashboard or by `psql --single-transaction`: either all of it is done or nothing.
-- The operator and `runops work` may go on meanwhile: they notice missing columns and do without.
--
-- What it does:
--   1. removes the unique constraints that the migration added
--   2. puts the results back that the migration moved aside; one that fits no longer, because its job is gone or the
--      project itself allows one result only, stays in runops_surplus_results
--   3. removes the indexes, and the progress columns that the migration added, with what is in them
-- What it leaves alone: columns and constraints that were there before, or that a version of the migration added which
-- did not note it yet (before December 2026); rights, because the app needs them as well.

-- Rather give up than make the app wait behind us.
set local lock_timeout = '10s';

do $$
declare
  one text;
  parts text[];
  surplus record;
begin
  if to_regclass('public.runops_added') is not null then
    -- 1. Constraints
    for one in select thing from public.runops_added where thing like 'constraint %' loop
      parts := string_to_array(substr(one, length('constraint ') + 1), '.');
      execute format('alter table public.%I drop constraint if exists %I', parts[1], parts[2]);
      delete from public.runops_added where thing = one;
    end loop;
  end if;

  -- 2. Results
  if to_regclass('public.runops_surplus_results') is not null then
    for surplus in select ctid, table_name, content from public.runops_surplus_results order by moved_at loop
      if surplus.table_name not in ('transcripts', 'sops') then
        continue;
      end if;
      begin
        execute format(
          'insert into public.%1$I select * from jsonb_populate_record(null::public.%1$I, $1)', surplus.table_name
        ) using surplus.content;
        delete from public.runops_surplus_results where ctid = surplus.ctid;
      exception when integrity_constraint_violation then
        raise notice 'a row of % fits no longer and stays in runops_surplus_results: %', surplus.table_name, sqlerrm;
      end;
    end loop;
    if not exists (select from public.runops_surplus_results) then
      drop table public.runops_surplus_results;
    end if;
  end if;

  -- 3. Indexes and columns
  for one in
    select indexname from pg_indexes where schemaname = 'public' and tablename = 'jobs' and indexname like 'jobs\_runops\_%'
  loop
    execute format('drop index public.%I', one);
  end loop;
  if to_regclass('public.runops_added') is not null then
    for one in select thing from public.runops_added where thing like 'column jobs.%' loop
      execute format('alter table public.jobs drop column if exists %I', substr(one, length('column jobs.') + 1));
      delete from public.runops_added where thing = one;
    end loop;
    if not exists (select from public.runops_added) then
      drop table public.runops_added;
    end if;
  end if;
end
$$;

-- PostgREST learns of the missing columns at once.
notify pgrst, 'reload schema';
