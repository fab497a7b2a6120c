#pragma once

#include "sandbox/base/unique_fd.hh"

#include <string>

namespace caisson::sandbox {

/// The directory `name` of the tree `root`, made if it is missing. One that is a link or a file is
/// refused: an image chooses what lies there, and a mount that follows it lands elsewhere
/// (CVE-2026-41579).
[[nodiscard]] UniqueFd open_mount_point(int root, const std::string& name);

} // namespace caisson::sandbox
