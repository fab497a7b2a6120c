#pragma once

#include "runner/dockerfile/expand.hh"

#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// What an expansion leaves as it is.
struct ExpandStyle {
    bool keep_quotes = false;   ///< quotes work, and stay in the result
    bool keep_escapes = false;  ///< the same for the escape character
    bool keep_unset = false;    ///< `$v` of an unset v stays `$v`
    bool ignore_quotes = false; ///< quotes are characters like any other
};

struct Expanded {
    std::string text;
    std::vector<std::string> words; ///< split at white space that is not quoted
};

/// The engine below expand(), expand_words(), expand_raw() and the recognition of heredocs.
[[nodiscard]] Expanded
expand_word(std::string_view text, const Lookup& lookup, char escape, const ExpandStyle& style);

/// What `${v#pattern}` and its kin do to a value. `*` and `?` are wild, `\` escapes them.
enum class Cut { kShortestPrefix, kLongestPrefix, kShortestSuffix, kLongestSuffix };
[[nodiscard]] std::string cut_match(std::string_view value, std::string_view pattern, Cut cut);
/// The same for `${v/pattern/replacement}`; stops once the result is larger than `limit`.
[[nodiscard]] std::string replace_matches(std::string_view value,
                                          std::string_view pattern,
                                          std::string_view replacement,
                                          bool all,
                                          std::size_t limit);

} // namespace caisson::runner
