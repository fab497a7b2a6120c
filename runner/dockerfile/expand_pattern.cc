// The patterns of `${v#p}`, `${v%p}` and `${v/p/r}`: `*`, `?` and escapes, no brackets. Neither
// wildcard matches a line end, as in the regular expressions that BuildKit makes of them.
#include "runner/dockerfile/expand_word.hh"
#include "runner/dockerfile/utf8.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <optional>

namespace caisson::runner {
namespace {

struct Token {
    enum class Kind { kText, kOne, kMany } kind = Kind::kText;
    std::string_view text; ///< one character
};
using Pattern = std::vector<Token>;
using Characters = std::vector<std::string_view>;

Characters characters_of(std::string_view text)
{
    Characters result;
    while (!text.empty()) {
        result.push_back(text.substr(0, decode_rune(text).length));
        text.remove_prefix(result.back().size());
    }
    return result;
}

Pattern parse_pattern(std::string_view text)
{
    Pattern pattern;
    const Characters characters = characters_of(text);
    for (std::size_t at = 0; at < characters.size(); ++at) {
        if (characters[at] == "*") {
            pattern.push_back({Token::Kind::kMany, {}});
        } else if (characters[at] == "?") {
            pattern.push_back({Token::Kind::kOne, {}});
        } else if (characters[at] == "\\") {
            const std::string_view escaped =
                at + 1 < characters.size() ? characters[++at] : std::string_view{};
            if (escaped.empty() ||
                std::string_view("*?\\}/").find(escaped) == std::string_view::npos)
                throw Error(ErrorKind::kUsage,
                            "invalid escape in the pattern \"" + std::string(text) +
                                "\" of a substitution");
            pattern.push_back({Token::Kind::kText, escaped});
        } else {
            pattern.push_back({Token::Kind::kText, characters[at]});
        }
    }
    return pattern;
}

/// How many characters from `begin` on the pattern matches, at least or at most. All states of the
/// pattern advance together, so no pattern takes more than its length times the text's.
std::optional<std::size_t>
match_length(const Pattern& pattern, const Characters& text, std::size_t begin, bool longest)
{
    std::vector<char> active(pattern.size() + 1, 0);
    const auto skip_stars = [&](std::vector<char>& states) {
        for (std::size_t state = 0; state < pattern.size(); ++state)
            if (states[state] != 0 && pattern[state].kind == Token::Kind::kMany)
                states[state + 1] = 1;
    };
    active[0] = 1;
    skip_stars(active);
    std::optional<std::size_t> found;
    for (std::size_t at = begin;; ++at) {
        if (active[pattern.size()] != 0) {
            found = at - begin;
            if (!longest) return found;
        }
        if (at == text.size()) return found;
        std::vector<char> following(pattern.size() + 1, 0);
        bool alive = false;
        for (std::size_t state = 0; state < pattern.size(); ++state) {
            if (active[state] == 0) continue;
            const Token& token = pattern[state];
            const bool fits =
                token.kind == Token::Kind::kText ? token.text == text[at] : text[at] != "\n";
            if (!fits) continue;
            following[token.kind == Token::Kind::kMany ? state : state + 1] = 1;
            alive = true;
        }
        if (!alive) return found;
        skip_stars(following);
        active = std::move(following);
    }
}

} // namespace

std::string cut_match(std::string_view value, std::string_view pattern_text, Cut cut)
{
    const bool suffix = cut == Cut::kShortestSuffix || cut == Cut::kLongestSuffix;
    const bool longest = cut == Cut::kLongestPrefix || cut == Cut::kLongestSuffix;
    Pattern pattern = parse_pattern(pattern_text);
    Characters text = characters_of(value);
    if (suffix) { // a suffix is a prefix, read backwards
        std::reverse(pattern.begin(), pattern.end());
        std::reverse(text.begin(), text.end());
    }
    const std::size_t length = match_length(pattern, text, 0, longest).value_or(0);
    std::size_t bytes = 0;
    for (std::size_t at = 0; at < length; ++at)
        bytes += text[at].size();
    return std::string(suffix ? value.substr(0, value.size() - bytes) : value.substr(bytes));
}

std::string replace_matches(std::string_view value,
                            std::string_view pattern_text,
                            std::string_view replacement,
                            bool all)
{
    const Pattern pattern = parse_pattern(pattern_text);
    const Characters text = characters_of(value);
    std::string result;
    bool done = false;
    bool after_match = false; // an empty match right behind another one does not count
    for (std::size_t at = 0; at <= text.size();) {
        const auto length = done ? std::nullopt : match_length(pattern, text, at, true);
        if (length && !(*length == 0 && after_match)) {
            result += replacement;
            done = !all;
            at += *length;
            after_match = true;
            if (*length > 0) continue;
        }
        after_match = false;
        if (at < text.size()) result += text[at];
        ++at;
    }
    return result;
}

} // namespace caisson::runner
