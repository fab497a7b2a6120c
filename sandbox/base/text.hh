#pragma once

#include <string>
#include <string_view>

namespace caisson {

/// Whether `text` is well-formed UTF-8 (Unicode table 3-7: no overlong form, no surrogate).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// `text` made safe for a terminal: control characters, characters that turn the direction of
/// writing or are invisible, and bytes that are not UTF-8 come out as \u{…} or \x….
[[nodiscard]] std::string printable(std::string_view text);

} // namespace caisson
