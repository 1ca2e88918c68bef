-- Questions and their answers. An answer carries the product of its question, so that a product's page is one range of each.

create sequence question_ids;
create sequence answer_ids;
create sequence answer_photo_ids;

create table questions (
  product_id  bigint      not null,
  id          bigint      not null default nextval('question_ids'),
  date        timestamptz not null,
  helpfulness integer     not null default 0,
  reported    boolean     not null default false,
  body        text        not null,
  asker_name  text        not null,
  asker_email text,
  primary key (product_id, id)
) with (fillfactor = 90);
create index questions_id on questions (id);

-- Photos as in reviews.
create table answers (
  product_id     bigint      not null,
  question_id    bigint      not null,
  id             bigint      not null default nextval('answer_ids'),
  date           timestamptz not null,
  helpfulness    integer     not null default 0,
  reported       boolean     not null default false,
  body           text        not null,
  answerer_name  text        not null,
  answerer_email text,
  photo_ids      bigint[],
  photo_urls     text[],
  primary key (product_id, question_id, id)
) with (fillfactor = 90);
create index answers_id on answers (id);
