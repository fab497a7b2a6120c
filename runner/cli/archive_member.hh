#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace caisson::runner {

/// Takes the bytes of a file as they come.
using Sink = std::function<void(std::string_view)>;

/// Streams one regular file out of a plain tar archive, which may be hostile: nothing is unpacked,
/// links are not followed, what the archive compresses is refused. A file that is missing, stands
/// twice (readers differ in which one they take) or lies behind too many others is an Error of kind
/// kInput.
void read_archive_member(const std::filesystem::path& archive,
                         const std::string& name,
                         const Sink& sink);

} // namespace caisson::runner
