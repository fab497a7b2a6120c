// The patterns of COPY and of .dockerignore (Go's path/filepath, moby/patternmatcher). The four
// kinds are patternmatcher's own, and part of the meaning: a pattern that is only `**` and plain
// text after it matches any path that ends in that text, even in the middle of a name.
#include "runner/dockerfile/glob.hh"

#include "runner/dockerfile/utf8.hh"
#include "sandbox/base/error.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

/// PATH_MAX: no longer pattern can be meant, and the matcher's notes stay small.
constexpr std::size_t kLongestPattern = 4096;

[[noreturn]] void fail_malformed(const std::string& pattern)
{
    throw Error(ErrorKind::kUsage, "malformed pattern \"" + pattern + "\"");
}

/// One end of a range in brackets, escapes resolved.
char32_t take_class_character(std::string_view& rest, const std::string& pattern)
{
    if (rest.empty() || rest.front() == '-' || rest.front() == ']') fail_malformed(pattern);
    if (rest.front() == '\\') rest.remove_prefix(1);
    if (rest.empty()) fail_malformed(pattern);
    const Rune rune = decode_rune(rest);
    if (rune.code == 0xFFFD && rune.length == 1) fail_malformed(pattern);
    rest.remove_prefix(rune.length);
    if (rest.empty()) fail_malformed(pattern);
    return rune.code;
}

} // namespace

Glob::Glob(std::string pattern, DoubleStar double_star)
    : pattern_(std::move(pattern))
{
    if (pattern_.size() > kLongestPattern)
        throw Error(ErrorKind::kUsage, "a pattern of more than 4096 bytes");
    compile(double_star);
}

void Glob::add_text(std::string_view text)
{
    if (tokens_.empty() || tokens_.back().kind != Token::Kind::kText)
        tokens_.push_back({.kind = Token::Kind::kText});
    tokens_.back().text += text;
}

/// Reads what follows a '[' and returns what follows its ']'.
std::string_view Glob::add_class(std::string_view rest)
{
    Token token{.kind = Token::Kind::kClass};
    if (rest.starts_with('^')) {
        token.negated = true;
        rest.remove_prefix(1);
    }
    while (token.ranges.empty() || !rest.starts_with(']')) {
        const char32_t low = take_class_character(rest, pattern_);
        char32_t high = low;
        if (rest.starts_with('-')) {
            rest.remove_prefix(1);
            high = take_class_character(rest, pattern_);
        }
        token.ranges.emplace_back(low, high);
    }
    tokens_.push_back(std::move(token));
    return rest.substr(1);
}

void Glob::compile(DoubleStar double_star)
{
    std::string_view rest = pattern_;
    const auto take = [&](std::size_t length) { rest.remove_prefix(length); };
    while (!rest.empty()) {
        const bool first = rest.size() == pattern_.size();
        const char sign = rest.front();
        if (sign == '*' && double_star == DoubleStar::kAnyDepth && rest.starts_with("**")) {
            take(2);
            if (rest.starts_with('/')) take(1);
            if (rest.empty()) {
                kind_ = kind_ == Kind::kExact ? Kind::kPrefix : Kind::kTokens;
                tokens_.push_back({.kind = Token::Kind::kEverything});
            } else {
                kind_ = Kind::kTokens;
                tokens_.push_back({.kind = Token::Kind::kDirs});
            }
            if (first) kind_ = Kind::kSuffix;
        } else if (sign == '*') {
            take(1);
            tokens_.push_back({.kind = Token::Kind::kMany});
            kind_ = Kind::kTokens;
        } else if (sign == '?') {
            take(1);
            tokens_.push_back({.kind = Token::Kind::kOne});
            kind_ = Kind::kTokens;
        } else if (sign == '[') {
            rest = add_class(rest.substr(1));
            kind_ = Kind::kTokens;
        } else if (sign == '\\') {
            take(1);
            if (rest.empty()) fail_malformed(pattern_);
            add_text(rest.substr(0, 1));
            take(1);
            kind_ = Kind::kTokens;
        } else {
            if (sign == ']') kind_ = Kind::kTokens;
            add_text(rest.substr(0, 1));
            take(1);
        }
    }
}

std::string_view Glob::literal_prefix() const
{
    if (kind_ == Kind::kExact) return pattern_;
    const bool text_first = !tokens_.empty() && tokens_.front().kind == Token::Kind::kText;
    return text_first ? std::string_view(tokens_.front().text) : std::string_view{};
}

/// Backtracking over tokens. Where more than one is wild, each state that failed is noted, so that
/// no pattern takes more than tokens × bytes steps.
class Glob::Matcher {
public:
    Matcher(const std::vector<Token>& tokens, std::string_view path)
        : tokens_(tokens)
        , path_(path)
    {
        const auto wild = std::count_if(tokens.begin(), tokens.end(), [](const Token& token) {
            return token.kind == Token::Kind::kMany || token.kind == Token::Kind::kDirs;
        });
        if (wild > 1) failed_.resize(tokens.size() * (path.size() + 1));
    }

    bool run(std::size_t index, std::size_t at)
    {
        for (; index < tokens_.size(); ++index) {
            const Token& token = tokens_[index];
            if (token.kind == Token::Kind::kEverything) return true;
            if (token.kind == Token::Kind::kMany || token.kind == Token::Kind::kDirs)
                return skip(index, at);
            const std::size_t length = fixed_length(token, path_.substr(at));
            if (length == 0) return false;
            at += length;
        }
        return at == path_.size();
    }

private:
    /// How many bytes a token that matches one text takes; 0 where it does not match.
    static std::size_t fixed_length(const Token& token, std::string_view rest)
    {
        if (token.kind == Token::Kind::kText)
            return rest.starts_with(token.text) ? token.text.size() : 0;
        if (rest.empty()) return 0;
        const Rune rune = decode_rune(rest);
        if (token.kind == Token::Kind::kOne) return rest.front() == '/' ? 0 : rune.length;
        const bool inside =
            std::any_of(token.ranges.begin(), token.ranges.end(), [&](const auto& range) {
                return range.first <= rune.code && rune.code <= range.second;
            });
        return inside != token.negated ? rune.length : 0;
    }

    /// Tries each length that the wild token `index` can take from `at` on, the shortest first.
    bool skip(std::size_t index, std::size_t at)
    {
        for (std::size_t end = at; end <= path_.size(); end = next_end(tokens_[index], end)) {
            // a failure noted here covers every longer length as well
            const std::size_t note = index * (path_.size() + 1) + end;
            if (!failed_.empty() && failed_[note]) return false;
            if (run(index + 1, end)) return true;
            if (!failed_.empty()) failed_[note] = true;
        }
        return false;
    }

    /// Where a wild token that ends at `end` can end next; beyond the path if nowhere.
    [[nodiscard]] std::size_t next_end(const Token& token, std::size_t end) const
    {
        const std::size_t nowhere = path_.size() + 1;
        if (token.kind == Token::Kind::kDirs) {
            const std::size_t slash = path_.find('/', end);
            return slash == std::string_view::npos ? nowhere : slash + 1;
        }
        if (end == path_.size() || path_[end] == '/') return nowhere;
        return end + decode_rune(path_.substr(end)).length;
    }

    const std::vector<Token>& tokens_;
    std::string_view path_;
    std::vector<bool> failed_;
};

bool Glob::matches(std::string_view path) const
{
    const std::string_view pattern = pattern_;
    switch (kind_) {
    case Kind::kExact:
        return path == pattern;
    case Kind::kPrefix:
        return path.starts_with(pattern.substr(0, pattern.find("**")));
    case Kind::kSuffix: {
        const std::string_view suffix = pattern.substr(2);
        return path.ends_with(suffix) || (suffix.starts_with('/') && path == suffix.substr(1));
    }
    case Kind::kTokens:
        break;
    }
    return Matcher(tokens_, path).run(0, 0);
}

} // namespace caisson::runner
