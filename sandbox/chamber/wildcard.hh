#pragma once

#include <string>
#include <string_view>

namespace caisson::sandbox {

/// Whether `name`, one component of a path, matches `pattern_text` as Go's filepath.Match has it:
/// `*`,
/// `?`, `[a-z]`, `[^a-z]`, `\x`; `?` and classes match a character of UTF-8, or a byte that is
/// none. A malformed pattern is an Error of kind kUsage.
[[nodiscard]] bool matches_wildcard(std::string_view pattern_text, std::string_view name);

/// Whether `pattern` has anything but itself and escapes in it.
[[nodiscard]] bool has_wildcard(std::string_view pattern);

/// A pattern without wildcards as the name that it means.
[[nodiscard]] std::string without_escapes(std::string_view pattern);

} // namespace caisson::sandbox
