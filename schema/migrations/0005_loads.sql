-- What was loaded, when, and what came of each file. A row stands from a load's first moment; while it has no outcome, the load
-- is under way or was killed.

create table loads (
  id          bigint      generated always as identity primary key,
  mode        text        not null,              -- replace or append
  started_at  timestamptz not null default now(),
  finished_at timestamptz,
  outcome     text                               -- published, or why not
);

create table load_files (
  load_id    bigint  not null references loads on delete cascade,
  file       text    not null,                   -- a path, a URL without passwords, s3://…
  set_name   text    not null,
  bytes      bigint,                             -- as stored, like the checksum; null until the file is read to its end
  sha256     text,
  seconds    double precision,
  rows_read  bigint  not null default 0,
  loaded     bigint  not null default 0,
  repaired   bigint  not null default 0,
  rejected   bigint  not null default 0,
  duplicates bigint  not null default 0,
  repairs    jsonb   not null default '{}',
  rejects    jsonb   not null default '{}',
  done_bytes bigint,                             -- append: all rows before this byte of the content are settled and committed
  primary key (load_id, file)
);
