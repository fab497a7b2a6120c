#pragma once

#include "sandbox/base/unique_fd.hh"

#include <optional>
#include <string>
#include <string_view>

namespace caisson::runner {

/// Opens `path` below an open directory. No link is followed and nothing above or beside the
/// directory is reached, whatever a hostile or a changing tree does meanwhile (openat2(2)).
/// O_CLOEXEC is added. Throws SysError naming `shown`.
[[nodiscard]] UniqueFd
open_beneath(int directory, const char* path, int flags, std::string_view shown);
/// Opens a file that links may lead to, but none out of the directory: an Error where one does, or
/// where it is no regular file (a fifo would hang the build). O_CLOEXEC is added.
[[nodiscard]] UniqueFd open_file_within(int directory, const std::string& path);
/// The same as the first for a path of which it is only to be known whether it is there.
[[nodiscard]] std::optional<UniqueFd> find_beneath(int directory, const std::string& path);

/// A path in double quotes for a message: bytes that a terminal would act on become \xNN.
[[nodiscard]] std::string show_path(std::string_view path);

} // namespace caisson::runner
