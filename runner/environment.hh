#pragma once

#include <filesystem>
#include <string>

namespace caisson::runner {

/// The value of an environment variable; empty where it is not set.
[[nodiscard]] std::string variable(const char* name);

/// `$XDG_CONFIG_HOME`, else `$HOME/.config`; empty where neither says. "All paths … must be
/// absolute. If an implementation encounters a relative path … it should consider the path invalid
/// and ignore it" (XDG Base Directory Specification).
[[nodiscard]] std::filesystem::path user_configuration();

/// `$XDG_DATA_HOME`, else `$HOME/.local/share`; likewise.
[[nodiscard]] std::filesystem::path user_data();

} // namespace caisson::runner
