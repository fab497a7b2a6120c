#pragma once

#include <string>
#include <string_view>

namespace caisson::runner {

/// The shortest path that means the same, by text alone: Go's filepath.Clean. Empty becomes ".".
[[nodiscard]] std::string clean_path(std::string_view path);

} // namespace caisson::runner
