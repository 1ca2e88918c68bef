#include "etl/row.hpp"

#include "unit/etl/memory_source.hpp"

#include <catch2/catch.hpp>

using namespace atelier::etl;
using namespace atelier::etl::test;

namespace {

constexpr std::int64_t now = 1'700'000'000'000;

// The first record of the bytes as a row of the set: "ok", its repairs; or the reason and the column.
struct cleaned_row {
  std::string outcome;
  std::vector<std::string> values;
};

cleaned_row clean(set_kind set, std::string_view bytes) {
  memory_source source(bytes, 1 << 20);
  record_reader reader(source);
  reader.expect_columns(shape_of(set).columns.size());
  row_cleaner cleaner(published_layout(set), now);
  const auto r = reader.next();
  row out;
  rejection why;
  if (!cleaner.clean(**r, out, why))
    return {std::string(reject_names[static_cast<std::size_t>(why.why)])
                .append(why.column.empty() ? "" : " ")
                .append(why.column),
            {}};
  cleaned_row done{"ok", {}};
  for (std::size_t i = 0; i < repair_names.size(); ++i)
    if (out.repairs >> i & 1U) done.outcome.append(" ").append(repair_names[i]);
  for (std::size_t c = 0; c < shape_of(set).columns.size(); ++c) {
    const auto& v = out.values[c];
    done.values.push_back(v.none                                               ? "<none>"
                          : shape_of(set).columns[c].type == column_type::text ? std::string(v.text)
                                                                               : std::to_string(v.number));
  }
  return done;
}

cleaned_row review(std::string_view bytes) { return clean(set_kind::reviews, bytes); }
cleaned_row question(std::string_view bytes) { return clean(set_kind::questions, bytes); }

}  // namespace

TEST_CASE("a published row is taken as it stands") {
  const auto r = review(
      R"(1,2,5,1596080481467,"Great, really","It's ""good""",true,false,"funtime","first.last@gmail.com",null,8)");
  CHECK(r.outcome == "ok");
  CHECK(r.values == std::vector<std::string>{"1", "2", "5", "1596080481467", "Great, really", "It's \"good\"",
                                             "1", "0", "funtime", "first.last@gmail.com", "<none>", "8"});
}

TEST_CASE("missing quotes round a text are no repair") {
  CHECK(review("1,2,5,1596080481467,Great,Good,true,false,fun,a@b,null,8").outcome == "ok");
}

TEST_CASE("every spelling of none in a response means none") {
  for (const auto* none : {"\"null\"", "", "NULL", "\\N", "\"\""}) {
    INFO(none);
    const auto r =
        review(std::string("1,2,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",") + none + ",8");
    CHECK(r.outcome == "ok null_word");
    CHECK(r.values[10] == "<none>");
  }
}

TEST_CASE("blanks round the word null make no text of it, quoted or not") {
  for (const auto* none : {"null ", " NULL", "\tnull\t", " \\N ", " ", "\" null \"", "\"NULL      \""}) {
    INFO("'" << none << "'");
    const auto r =
        review(std::string("1,2,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",") + none + ",8");
    CHECK(r.outcome == "ok null_word");
    CHECK(r.values.at(10) == "<none>");
    CHECK(review(std::string("1,2,5,1596080481467,\"s\",") + none + ",true,false,\"n\",\"a@b\",null,8")
              .outcome == "missing_value body");
    const auto summary =
        review(std::string("1,2,5,1596080481467,") + none + ",\"b\",true,false,\"n\",\"a@b\",null,8");
    CHECK(summary.outcome == "ok default_value");
    CHECK(summary.values.at(4).empty());
    const auto characteristic = clean(set_kind::characteristics, std::string("1,2,") + none);
    CHECK(characteristic.outcome == "ok null_word");
    CHECK(characteristic.values.at(2) == "<none>");
  }
}

TEST_CASE("a cell that begins with a blank, as all do behind a comma and a blank, says what it says") {
  const auto r = review("1, 2, 5, 1596080481467, null, it is good, true, false, n, null, null, 8");
  CHECK(r.outcome == "ok boolean_form number_trimmed null_word default_value");
  CHECK(r.values.at(4).empty());
  CHECK(r.values.at(5) == " it is good");
  CHECK(r.values.at(9) == "<none>");
  CHECK(r.values.at(10) == "<none>");
  // Without its e-mail address.
  CHECK(question("1, 2, b, 1596080481467, n, false, 0").outcome == "too_few_columns");
  CHECK(question("1, 2, b, 1596080481467, n, a@b, 1").outcome == "too_few_columns");
}

TEST_CASE("a text that has more than the word, or blanks alone between quotes, is a text") {
  for (const std::string text : {" null and void ", "null\n", "  ", " Null ", "nullnull"}) {
    const auto r = question("1,2,\"" + text + "\",1596080481467,\"n\",\"a@b\",false,3");
    CHECK(r.outcome == "ok");
    CHECK(r.values.at(2) == text);
  }
}

TEST_CASE("the word Seller is a good address") {
  CHECK(clean(set_kind::answers, "1,2,\"b\",1596080481467,\"Seller\",\"Seller\",false,0").outcome == "ok");
}

TEST_CASE("optional values that are not there take their defaults, counted") {
  const auto r = review("1,2,5,1596080481467,null,\"b\",true,null,\"n\",null,null,null");
  CHECK(r.outcome == "ok default_value");
  CHECK(r.values[4].empty());
  CHECK(r.values[7] == "0");
  CHECK(r.values[9] == "<none>");
  CHECK(r.values[11] == "0");
}

TEST_CASE("a required value that is missing rejects the row and names the column") {
  CHECK(review("1,,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8").outcome ==
        "missing_value product_id");
  CHECK(review("1,2,5,1596080481467,\"s\",null,true,false,\"n\",\"a@b\",null,8").outcome ==
        "missing_value body");
  CHECK(review("1,2,5,1596080481467,\"s\",\"b\",,false,\"n\",\"a@b\",null,8").outcome ==
        "missing_value recommend");
  CHECK(review("1,2,5,1596080481467,\"s\",\"b\",true,false,\"null\",\"a@b\",null,8").outcome ==
        "missing_value reviewer_name");
  CHECK(clean(set_kind::reviews_photos, "1,2,\"\"").outcome == "missing_value url");
  CHECK(clean(set_kind::characteristic_reviews, "1,2,3,null").outcome == "missing_value value");
}

TEST_CASE("unreadable values reject the row, optional ones too") {
  CHECK(review("1a,2,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8").outcome ==
        "bad_number id");
  CHECK(review("1,2,6,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8").outcome ==
        "out_of_range rating");
  CHECK(review("1,2,5,soon,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8").outcome == "bad_date date");
  CHECK(review("1,2,5,1596080481467,\"s\",\"b\",true,maybe,\"n\",\"a@b\",null,8").outcome ==
        "bad_boolean reported");
  CHECK(review("1,2,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,many").outcome ==
        "bad_number helpfulness");
}

TEST_CASE("an id leaves its sequence a place to stand past it, a parent's may be as large as any") {
  CHECK(clean(set_kind::reviews_photos, "9223372036854775807,1,\"u\"").outcome == "out_of_range id");
  CHECK(clean(set_kind::reviews_photos, "9223372036854775806,9223372036854775807,\"u\"").outcome == "ok");
}

TEST_CASE("a characteristic named null is a good row, one with a missing name is not") {
  const auto r = clean(set_kind::characteristics, "1,2,null");
  CHECK(r.outcome == "ok");
  CHECK(r.values[2] == "<none>");
  CHECK(clean(set_kind::characteristics, "1,2").outcome == "too_few_columns");
}

TEST_CASE("trailing columns that are missing take their defaults") {
  const auto r = review("1,2,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\"");
  CHECK(r.outcome == "ok missing_columns");
  CHECK(r.values[10] == "<none>");
  CHECK(r.values[11] == "0");
  CHECK(question("1,2,\"b\",1596080481467,\"n\",\"a@b\",false").outcome == "ok missing_columns");
  CHECK(question("1,2,\"b\",1596080481467").outcome == "too_few_columns");
}

TEST_CASE("a row whose values have moved because one is missing is not guessed at") {
  // Without its response the last value, 8, stands in the response's place.
  CHECK(review("1,2,5,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",8").outcome == "too_few_columns");
  // Without its e-mail address.
  CHECK(question("1,2,\"b\",1596080481467,\"n\",false,0").outcome == "too_few_columns");
  // Without `reported`, a helpfulness of 1 would say that it is.
  CHECK(question("1,2,\"b\",1596080481467,\"n\",\"a@b\",1").outcome == "too_few_columns");
  CHECK(review("1,2,1596080481467,\"s\",\"b\",true,false,\"n\",\"a@b\",null,8").outcome == "too_few_columns");
}

TEST_CASE("surplus columns are dropped if they are empty") {
  CHECK(question("1,2,\"b\",1596080481467,\"n\",\"a@b\",false,3,, ").outcome == "ok surplus_columns");
  CHECK(question("1,2,\"b\",1596080481467,\"n\",\"a@b\",false,3,x").outcome == "too_many_columns");
}

TEST_CASE("quotes that nobody escaped are read where all columns are right") {
  const auto loose = question("1,2,\"is it \"really\" so, or\",1596080481467,\"n\",\"a@b\",false,3");
  CHECK(loose.outcome == "ok quotes_unescaped");
  CHECK(loose.values[2] == "is it \"really\" so, or");
  const auto backslash = question("1,2,\"is it \\\"really\\\", or\",1596080481467,\"n\",\"a@b\",false,3");
  CHECK(backslash.outcome == "ok quotes_backslash");
  CHECK(backslash.values[2] == "is it \"really\", or");
  const auto apostrophe = question("1,2,'it''s, or not',1596080481467,'n','a@b',false,3");
  CHECK(apostrophe.outcome == "ok quotes_apostrophe");
  CHECK(apostrophe.values[2] == "it's, or not");
  CHECK(apostrophe.values[4] == "n");
}

TEST_CASE(
    "apostrophes as quotes are taken off also where empty columns are too many, or the last are missing") {
  const auto surplus = question("1,2,'b',1596080481467,'n','a@b',false,3,,");
  CHECK(surplus.outcome == "ok surplus_columns quotes_apostrophe");
  CHECK(surplus.values[2] == "b");
  const auto missing = question("1,2,'b',1596080481467,'n','a@b',false");
  CHECK(missing.outcome == "ok missing_columns quotes_apostrophe");
  CHECK(missing.values[4] == "n");
  CHECK(question("1,2,'b',1596080481467,'n','a@b',false,3,x").outcome == "too_many_columns");
  CHECK(question("1,2,'b',1596080481467").outcome == "too_few_columns");
}

TEST_CASE("a quote in a bare name is kept, however many lines the text before it has") {
  for (const std::string body : {"b", "b\nb"}) {
    const auto r = review("1,2,5,1596080481467,\"s\",\"" + body + "\",true,false,5\" Bob,\"a@b\",null,8\n");
    CHECK(r.outcome == "ok quotes_unescaped");
    CHECK(r.values.at(5) == body);
    CHECK(r.values.at(8) == "5\" Bob");
  }
}

TEST_CASE("an unterminated quote rejects its row") {
  CHECK(question(
            "1,2,\"open,1596080481467,\"n\",\"a@b\",false,3\n2,2,\"b\",1596080481467,\"n\",\"a@b\",false,3\n")
            .outcome == "bad_quoting");
  CHECK(
      question("1,2,\"b\",1596080481467,\"n\",\"a@b,false,3\n2,2,\"b\",1596080481467,\"n\",\"a@b\",false,3\n")
          .outcome == "bad_quoting");
}

TEST_CASE("an apostrophe in a text is no quote") {
  const auto r = question("1,2,it's,1596080481467,o'mally,a@b,false,3");
  CHECK(r.outcome == "ok");
  CHECK(r.values[4] == "o'mally");
}

TEST_CASE("NUL bytes and invalid UTF-8 reject their row") {
  using namespace std::string_view_literals;
  CHECK(question("1,2,\"b\0\",1596080481467,\"n\",\"a@b\",false,3"sv).outcome == "bad_encoding body");
  CHECK(question("1,2,\"b\",1596080481467,\"caf\xe9\",\"a@b\",false,3").outcome == "bad_encoding asker_name");
  CHECK(question("1,2,\"caf\xc3\xa9\",1596080481467,\"n\",\"a@b\",false,3").outcome == "ok");
}

TEST_CASE("repeated headers, comments and lines of commas are rejected rows") {
  CHECK(question("id,product_id,body,date_written,asker_name,asker_email,reported,helpful").outcome ==
        "bad_number id");
  CHECK(question("# exported by hand").outcome == "too_few_columns");
  CHECK(question(",,,,,,,").outcome == "missing_value id");
}

TEST_CASE("a record that is too long is rejected for that") {
  CHECK(question("1,2,\"" + std::string(record_bytes_max + 1, 'x') + "\",1596080481467,\"n\",\"a@b\",false,3")
            .outcome == "record_too_long");
}

TEST_CASE("a text is kept as it is, blanks and all") {
  CHECK(question("1,2,\"  two  blanks \n\",1596080481467,\"n\",\"a@b\",false,3").values[2] ==
        "  two  blanks \n");
}
