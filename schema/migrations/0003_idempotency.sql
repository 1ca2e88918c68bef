-- Successful POSTs by their Idempotency-Key, kept for 24 hours. Written in the transaction of the POST itself.

create table idempotency_keys (
  key          text        not null,
  path         text        not null,             -- without a trailing slash
  request_hash bytea       not null,             -- of the body's bytes
  location     text,                             -- what the first answer said
  created_at   timestamptz not null default now(),
  primary key (key, path)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
