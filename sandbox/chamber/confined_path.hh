#pragma once

#include "sandbox/base/unique_fd.hh"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::sandbox {

// Paths inside a tree. A normalised path has no leading or trailing `/`, no empty component, no `.`
// and no `..`; the tree's root is "". Resolution never leaves `root` (openat2, RESOLVE_IN_ROOT):
// absolute links and `..` in links start and stop there.

/// An archive's or a Dockerfile's name in that form; absolute names are taken as relative. `..`, a
/// name too long or too deep is an Error of kind kInput.
[[nodiscard]] std::string normalised(std::string_view name);

/// {directory, last component} of a normalised path.
[[nodiscard]] std::pair<std::string, std::string> split_last(const std::string& path);
[[nodiscard]] std::string joined(const std::string& directory, const std::string& name);

/// The path that `path` (any form) means when every link in it is followed, the last one too;
/// components that do not exist are kept as they are. More than 40 links: an Error.
[[nodiscard]] std::string resolved(int root, const std::string& path);

/// Opens a directory, links followed; nothing where there is none of that name.
[[nodiscard]] std::optional<UniqueFd> open_directory(int root, const std::string& path);

/// Opens a directory, links followed; makes what is missing (0755, then `on_made` with each).
/// Something else in the way is an Error of kind kInput.
[[nodiscard]] UniqueFd make_directories(int root,
                                        const std::string& path,
                                        const std::function<void(int directory)>& on_made);

} // namespace caisson::sandbox
