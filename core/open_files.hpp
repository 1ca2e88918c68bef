// File descriptors, which every connection needs one of.
#pragma once

#include <cstddef>

namespace atelier {

/// Raises this process's limit of open files as far as it may without a privilege (getrlimit(2)). Returns the
/// limit.
std::size_t raise_open_files_limit();

/// How many clients may be connected, of `wanted`, when each needs `files_each` descriptors and everything
/// else a reserve: less only where the limit of open files is too low, which is logged with what to do.
std::size_t connections_that_fit(std::size_t wanted, std::size_t files_each);

}  // namespace atelier
