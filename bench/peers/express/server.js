// The server that this API is usually written as: Express, a pool of 30 connections, one table a CSV file, JSON built in SQL.
// Environment: PORT, and libpq's PGHOST, PGUSER, PGDATABASE.
"use strict";

const express = require("express");
const { Pool } = require("pg");

const pool = new Pool({ max: 30 });
const app = express();
app.use(express.json());

const orders = {
  newest: "r.date DESC, id DESC",
  helpful: "helpfulness DESC, id DESC",
  relevant: "helpfulness DESC, r.date DESC, id DESC",
};

const reviews = (order) => `
  SELECT coalesce(json_agg(page), '[]') AS results FROM (
    SELECT id AS review_id, rating, summary, recommend, response, body,
      to_char(to_timestamp(date / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS date, reviewer_name, helpfulness,
      (SELECT coalesce(json_agg(json_build_object('id', p.id, 'url', p.url)), '[]')
       FROM reviews_photos p WHERE p.review_id = r.id) AS photos
    FROM reviews r WHERE product_id = $1 AND NOT reported ORDER BY ${order} LIMIT $2 OFFSET $3) page`;

const meta = `
  SELECT json_build_object(
    'product_id', $1::int::text,
    'ratings', (SELECT coalesce(json_object_agg(rating, n::text), '{}')
                FROM (SELECT rating, count(*) AS n FROM reviews WHERE product_id = $1 GROUP BY rating) by_rating),
    'recommended', (SELECT coalesce(json_object_agg(recommend, n::text), '{}')
                    FROM (SELECT recommend, count(*) AS n FROM reviews WHERE product_id = $1 GROUP BY recommend) by_answer),
    'characteristics', (SELECT coalesce(json_object_agg(name, json_build_object('id', id, 'value', value)), '{}')
                        FROM (SELECT c.id, c.name, avg(v.value)::text AS value FROM characteristics c
                              LEFT JOIN characteristic_reviews v ON v.characteristic_id = c.id
                              WHERE c.product_id = $1 AND c.name IS NOT NULL GROUP BY c.id, c.name) by_name)) AS answer`;

const questions = `
  SELECT coalesce(json_agg(page), '[]') AS results FROM (
    SELECT id AS question_id, body AS question_body,
      to_char(to_timestamp(date_written / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS question_date,
      asker_name, helpful AS question_helpfulness, reported,
      (SELECT coalesce(json_object_agg(a.id, json_build_object('id', a.id, 'body', a.body,
         'date', to_char(to_timestamp(a.date_written / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         'answerer_name', a.answerer_name, 'helpfulness', a.helpful,
         'photos', (SELECT coalesce(json_agg(p.url), '[]') FROM answers_photos p WHERE p.answer_id = a.id))), '{}')
       FROM answers a WHERE a.question_id = q.id AND NOT a.reported) AS answers
    FROM questions q WHERE product_id = $1 AND NOT reported
    ORDER BY helpful DESC, date_written DESC, id DESC LIMIT $2 OFFSET $3) page`;

const answers = `
  SELECT coalesce(json_agg(page), '[]') AS results FROM (
    SELECT id AS answer_id, body,
      to_char(to_timestamp(date_written / 1000.0) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS date,
      answerer_name, helpful AS helpfulness,
      (SELECT coalesce(json_agg(json_build_object('id', p.id, 'url', p.url)), '[]')
       FROM answers_photos p WHERE p.answer_id = a.id) AS photos
    FROM answers a WHERE question_id = $1 AND NOT reported
    ORDER BY a.helpful DESC, a.date_written DESC, id DESC LIMIT $2 OFFSET $3) page`;

const page_of = (req) => {
  const count = Number(req.query.count) || 5;
  const page = Math.max(1, Number(req.query.page) || 1);
  return { count, page, offset: (page - 1) * count };
};

const serve = (work) => (req, res) =>
  work(req, res).catch((error) => {
    console.error(error.message);
    res.status(500).send("Error");
  });

app.get("/reviews", serve(async (req, res) => {
  const { count, page, offset } = page_of(req);
  const order = orders[req.query.sort] || orders.relevant;
  const { rows } = await pool.query(reviews(order), [req.query.product_id, count, offset]);
  res.json({ product: String(req.query.product_id), page: page - 1, count, results: rows[0].results });
}));

app.get("/reviews/meta", serve(async (req, res) => {
  const { rows } = await pool.query(meta, [req.query.product_id]);
  res.json(rows[0].answer);
}));

app.get("/qa/questions", serve(async (req, res) => {
  const { count, offset } = page_of(req);
  const { rows } = await pool.query(questions, [req.query.product_id, count, offset]);
  res.json({ product_id: String(req.query.product_id), results: rows[0].results });
}));

app.get("/qa/questions/:id/answers", serve(async (req, res) => {
  const { count, page, offset } = page_of(req);
  const { rows } = await pool.query(answers, [req.params.id, count, offset]);
  res.json({ question: String(req.params.id), page, count, results: rows[0].results });
}));

app.put("/reviews/:id/helpful", serve(async (req, res) => {
  await pool.query("UPDATE reviews SET helpfulness = helpfulness + 1 WHERE id = $1", [req.params.id]);
  res.sendStatus(204);
}));

app.listen(Number(process.env.PORT), "127.0.0.1");
