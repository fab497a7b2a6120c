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
/// The same for a path of which it is only to be known whether it is there.
[[nodiscard]] std::optional<UniqueFd> find_beneath(int directory, const std::string& path);

/// A path in double quotes for a message: bytes that a terminal would act on become \xNN.
[[nodiscard]] std::string show_path(std::string_view path);

} // namespace caisson::runner
