-- Undoes migrations/0002_realtime.sql: Realtime tells no longer of the table jobs, if that file had it do so. It may be run
-- again at any time and then changes nothing. Run the file as a whole, in the SQL editor of the Supabase dashboard or by
-- `psql --single-transaction`. The operator goes on by polling; set the chart's realtime.enabled to false afterwards.
--
-- What it leaves alone: a publication that told of jobs before, or that an earlier version of the migration changed,
-- which did not note it yet (before December 2026). The dashboard (Database, Publications) switches that off.

-- Rather give up than make the app wait behind us.
set local lock_timeout = '10s';

do $$
begin
  if to_regclass('public.runops_added') is null then
    return;
  end if;
  if exists (select from public.runops_added where thing = 'publication supabase_realtime.jobs') then
    -- Not where the publication has been made one for all tables since: then jobs is no member of its own.
    if exists (
      select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
      where p.pubname = 'supabase_realtime' and r.prrelid = to_regclass('public.jobs')
    ) then
      alter publication supabase_realtime drop table public.jobs;
    end if;
    delete from public.runops_added where thing = 'publication supabase_realtime.jobs';
  end if;
  if not exists (select from public.runops_added) then
    drop table public.runops_added;
  end if;
end
$$;
