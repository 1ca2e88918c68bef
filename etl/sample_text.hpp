// Words for the sample: what people write under shoes and shirts.
#pragma once

#include "etl/random.hpp"
#include "etl/sample_file.hpp"

namespace atelier::etl {

/// Each writes one text field; the texts hold commas and apostrophes, sometimes doubled quotes, line ends and
/// other scripts.
void write_summary(sample_file& file, random_stream& random);
void write_body(sample_file& file, random_stream& random, std::uint32_t sentences);
void write_question(sample_file& file, random_stream& random);
void write_photo_url(sample_file& file, random_stream& random);

/// Two fields: a name and an e-mail address.
void write_person(sample_file& file, random_stream& random);

}  // namespace atelier::etl
