-- Workers that may keep answers in memory: a write is acknowledged when each of them has dropped what it changed.
-- A worker adds itself before it keeps anything; it takes itself out when it stops, and others take it out when it does not answer.
create table workers (
  id        bigint      primary key,             -- drawn at random when a worker starts
  joined_at timestamptz not null default now()
);
