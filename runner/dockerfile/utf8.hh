#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace caisson::runner {

/// One character of UTF-8 text. A byte that begins none is U+FFFD of length 1, as in Go: text with
/// odd bytes is still text here, and the bytes are kept.
struct Rune {
    char32_t code = 0;
    std::size_t length = 0;
};

/// The first character of `text`, which must not be empty.
[[nodiscard]] Rune decode_rune(std::string_view text);

/// Go's unicode.IsSpace.
[[nodiscard]] bool is_space(char32_t code);
/// Whether a variable's name may hold it: a letter, in Go's unicode.IsLetter closely enough
/// (docs/dockerfile-conformance.md).
[[nodiscard]] bool is_letter(char32_t code);
[[nodiscard]] constexpr bool is_digit(char32_t code)
{
    return code >= U'0' && code <= U'9';
}

/// Without the white space at its ends.
[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string_view trim_left(std::string_view text);

[[nodiscard]] std::string to_lower(std::string_view text); ///< ASCII only
[[nodiscard]] std::string to_upper(std::string_view text); ///< ASCII only

} // namespace caisson::runner
