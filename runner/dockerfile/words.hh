#pragma once

#include "runner/dockerfile/source.hh"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caisson::runner {

/// Words at white space; quotes and escapes hold a word together and stay in it.
[[nodiscard]] std::vector<std::string> split_quoted(std::string_view text, char escape);
/// Words at white space, whatever the quotes.
[[nodiscard]] std::vector<std::string> split_plain(std::string_view text);
/// The first word and the rest, the white space between them gone.
[[nodiscard]] std::pair<std::string_view, std::string_view> split_first(std::string_view text);

/// Takes the leading `--name=value` words off `text`, quotes removed. A lone `--` ends them.
[[nodiscard]] std::vector<std::string> take_flags(std::string_view& text);

/// A JSON array of strings; nothing where `text` is not a JSON array. One with anything but strings
/// in it is an error: nobody means a shell command by it.
[[nodiscard]] std::optional<std::vector<std::string>> parse_json_words(std::string_view text,
                                                                       const Place& place);

} // namespace caisson::runner
