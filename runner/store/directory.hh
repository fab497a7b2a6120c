#pragma once

#include "sandbox/base/unique_fd.hh"

#include <string>
#include <sys/types.h>
#include <vector>

namespace caisson::runner {

/// Opens the directory `name` beneath an open one; links are not
/// followed.
[[nodiscard]] UniqueFd open_directory(int parent, const std::string& name);
/// The same, made first where it is missing, with exactly `mode` whatever the umask.
[[nodiscard]] UniqueFd make_directory(int parent, const std::string& name, mode_t mode);

/// The names in a directory but `.` and `..`, in no order.
[[nodiscard]] std::vector<std::string> names_in(int directory);

/// Removes `name` beneath an open directory with all it holds. Links are removed, never followed,
/// even one that is put there meanwhile.
void remove_beneath(int directory, const std::string& name);

/// `bytes` random bytes from the kernel, as lower-case hexadecimal digits.
[[nodiscard]] std::string random_hex(std::size_t bytes);

} // namespace caisson::runner
