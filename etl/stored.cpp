#include "etl/stored.hpp"

#include <openssl/evp.h>

#include <array>

namespace atelier::etl {

struct stored_source::digest {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~digest() { EVP_MD_CTX_free(context); }
};

stored_source::stored_source(std::unique_ptr<byte_source> from, bool is_digested)
    : from_(std::move(from)), digest_(is_digested ? std::make_unique<digest>() : nullptr) {
  if (digest_) EVP_DigestInit_ex(digest_->context, EVP_sha256(), nullptr);
}
stored_source::~stored_source() = default;

result<std::size_t> stored_source::read(std::span<char> space) {
  auto got = from_->read(space);
  if (got && *got > 0) {
    if (digest_) EVP_DigestUpdate(digest_->context, space.data(), *got);
    bytes_ += *got;
  }
  return got;
}

result<> stored_source::drain() {
  std::array<char, 65536> space;
  for (;;) {
    const auto got = read(space);
    if (!got) return got.error();
    if (*got == 0) return {};
  }
}

std::string stored_source::sha256() {
  if (!digest_) return {};
  unsigned char sum[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_DigestFinal_ex(digest_->context, sum, &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", sum[i]);
  return hex;
}

}  // namespace atelier::etl
