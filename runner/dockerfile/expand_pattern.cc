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

/// Matches a pattern against the characters from some place on. All states of the pattern advance
/// together, so no pattern takes more than its length times the text's.
class Matcher {
public:
    explicit Matcher(const Pattern& pattern)
        : pattern_(pattern)
        , active_(pattern.size() + 1)
        , following_(pattern.size() + 1)
    {}

    /// How many characters it matches, at least or at most.
    std::optional<std::size_t> length(const Characters& text, std::size_t begin, bool longest)
    {
        std::fill(active_.begin(), active_.end(), '\0');
        enter(active_, 0);
        std::optional<std::size_t> found;
        for (std::size_t at = begin;; ++at) {
            if (active_.back() != '\0') found = at - begin;
            if (at == text.size() || (found && !longest) || !advance(text[at])) return found;
        }
    }

private:
    /// A state, and those that a star which takes nothing leads on to.
    void enter(std::vector<char>& states, std::size_t state) const
    {
        states[state] = 1;
        for (; state < pattern_.size() && pattern_[state].kind == Token::Kind::kMany; ++state)
            states[state + 1] = 1;
    }

    /// Takes one character; false if no state is left.
    bool advance(std::string_view character)
    {
        std::fill(following_.begin(), following_.end(), '\0');
        bool alive = false;
        for (std::size_t state = 0; state < pattern_.size(); ++state) {
            if (active_[state] == '\0') continue;
            const Token& token = pattern_[state];
            const bool text = token.kind == Token::Kind::kText;
            if (text ? token.text != character : character == "\n") continue;
            enter(following_, token.kind == Token::Kind::kMany ? state : state + 1);
            alive = true;
        }
        std::swap(active_, following_);
        return alive;
    }

    const Pattern& pattern_;
    std::vector<char> active_;
    std::vector<char> following_;
};

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
    const std::size_t length = Matcher(pattern).length(text, 0, longest).value_or(0);
    std::size_t bytes = 0;
    for (std::size_t at = 0; at < length; ++at)
        bytes += text[at].size();
    return std::string(suffix ? value.substr(0, value.size() - bytes) : value.substr(bytes));
}

std::string replace_matches(std::string_view value,
                            std::string_view pattern_text,
                            std::string_view replacement,
                            bool all,
                            std::size_t limit)
{
    const Pattern pattern = parse_pattern(pattern_text);
    const Characters text = characters_of(value);
    Matcher matcher(pattern);
    std::string result;
    bool done = false;
    bool after_match = false; // an empty match right behind another one does not count
    for (std::size_t at = 0; at <= text.size() && result.size() <= limit;) {
        const auto length = done ? std::nullopt : matcher.length(text, at, true);
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
