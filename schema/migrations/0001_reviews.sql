-- Reviews, and what `GET /reviews/meta` says about a product.
--
-- Every table is read by product: product_id leads each primary key and is the distribution key, should the schema be spread
-- over machines. An id alone finds its row through a plain index: uniqueness comes from the sequence and from the loader.

create sequence review_ids;
create sequence review_photo_ids;
create sequence characteristic_review_ids;

-- Photos are always read with their review, so they travel in its row: two arrays of one length, ids ascending; null: none.
-- Columns without an index stay free to change in place (HOT): a vote touches one heap page and no index.
create table reviews (
  product_id     bigint      not null,
  id             bigint      not null default nextval('review_ids'),
  date           timestamptz not null,
  helpfulness    integer     not null default 0,
  rating         smallint    not null check (rating between 1 and 5),
  recommend      boolean     not null,
  reported       boolean     not null default false,
  summary        text        not null,
  body           text        not null,
  response       text,
  reviewer_name  text        not null,
  reviewer_email text,
  photo_ids      bigint[],
  photo_urls     text[],
  primary key (product_id, id)
) with (fillfactor = 90);
create index reviews_id on reviews (id);

-- One row a product, kept by every write that changes it: meta is read, never summed.
-- The four characteristic arrays have one length, ordered by id; a name may be null (loaded, not shown, cannot be rated).
create table product_meta (
  product_id             bigint    primary key,
  rating_1               integer   not null default 0,
  rating_2               integer   not null default 0,
  rating_3               integer   not null default 0,
  rating_4               integer   not null default 0,
  rating_5               integer   not null default 0,
  recommend_false        integer   not null default 0,
  recommend_true         integer   not null default 0,
  characteristic_ids     bigint[]  not null default '{}',
  characteristic_names   text[]    not null default '{}',
  characteristic_sums    bigint[]  not null default '{}',
  characteristic_counts  bigint[]  not null default '{}'
) with (fillfactor = 90);

-- What each review said of each characteristic. Not read by any page: product_meta holds the sums.
create table characteristic_reviews (
  product_id        bigint   not null,
  id                bigint   not null default nextval('characteristic_review_ids'),
  characteristic_id bigint   not null,
  review_id         bigint   not null,
  value             smallint not null check (value between 1 and 5),
  primary key (product_id, id)
);
create index characteristic_reviews_id on characteristic_reviews (id);
