-- Primary keys and an index on every foreign key, one after the other.
alter table reviews add primary key (id);
alter table reviews_photos add primary key (id);
alter table characteristics add primary key (id);
alter table characteristic_reviews add primary key (id);
alter table questions add primary key (id);
alter table answers add primary key (id);
alter table answers_photos add primary key (id);
create index on reviews (product_id);
create index on reviews_photos (review_id);
create index on characteristics (product_id);
create index on characteristic_reviews (characteristic_id);
create index on characteristic_reviews (review_id);
create index on questions (product_id);
create index on answers (question_id);
create index on answers_photos (answer_id);
analyze;
