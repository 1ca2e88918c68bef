-- One table a CSV file, as the files are.
create table reviews (id integer, product_id integer, rating smallint, date bigint, summary text, body text, recommend boolean,
  reported boolean, reviewer_name text, reviewer_email text, response text, helpfulness integer);
create table reviews_photos (id integer, review_id integer, url text);
create table characteristics (id integer, product_id integer, name text);
create table characteristic_reviews (id integer, characteristic_id integer, review_id integer, value smallint);
create table questions (id integer, product_id integer, body text, date_written bigint, asker_name text, asker_email text,
  reported boolean, helpful integer);
create table answers (id integer, question_id integer, body text, date_written bigint, answerer_name text, answerer_email text,
  reported boolean, helpful integer);
create table answers_photos (id integer, answer_id integer, url text);
