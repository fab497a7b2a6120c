// Word expansion, as a Dockerfile has it: a small part of POSIX sh, with BuildKit's rules
// (frontend/dockerfile/shell) where the shell's differ. Bytes that are no UTF-8 are kept.
#include "runner/dockerfile/expand.hh"

#include "runner/dockerfile/expand_word.hh"
#include "runner/dockerfile/utf8.hh"
#include "sandbox/base/error.hh"

#include <utility>

namespace caisson::runner {
namespace {

/// `ENV a=$a$a` doubles with every line: forty lines would fill any memory.
constexpr std::size_t kMaxExpanded = std::size_t{16} << 20U;
/// `${a:-${b:-…}}` nests on our own stack.
constexpr int kMaxDepth = 200;

constexpr std::string_view kSpecialParameters = "@*#?-$!";

/// Collects words. What comes out of `$v` is split again, what comes out of quotes is not.
class WordList {
public:
    void add(std::string_view text)
    {
        while (!text.empty()) {
            const Rune rune = decode_rune(text);
            if (is_space(rune.code))
                end_word();
            else
                word_ += text.substr(0, rune.length);
            text.remove_prefix(rune.length);
        }
    }
    void add_whole(std::string_view text) { word_ += text; }
    std::vector<std::string> take()
    {
        end_word();
        return std::move(words_);
    }

private:
    void end_word()
    {
        if (!word_.empty()) words_.push_back(std::exchange(word_, {}));
    }
    std::string word_;
    std::vector<std::string> words_;
};

class Expander {
public:
    Expander(std::string_view text, const Lookup& lookup, char escape, const ExpandStyle& style)
        : whole_(text)
        , rest_(text)
        , lookup_(lookup)
        , escape_(escape)
        , style_(style)
    {}

    Expanded run() { return until('\0', style_.keep_escapes); }

private:
    [[noreturn]] void fail(const std::string& reason) const
    {
        throw Error(ErrorKind::kUsage,
                    reason + " in \"" + std::string(whole_.substr(0, 200)) + "\"");
    }

    [[nodiscard]] bool at_end() const { return rest_.empty(); }
    [[nodiscard]] char peek() const { return rest_.front(); }
    std::string_view next()
    {
        const std::string_view character = rest_.substr(0, decode_rune(rest_).length);
        rest_.remove_prefix(character.size());
        return character;
    }

    Expanded until(char stop, bool keep_escapes);
    std::string single_quoted();
    std::string double_quoted();
    std::string dollar();
    std::string braced();
    std::string by_presence(const std::string& variable, std::string modifier);
    std::string by_prefix_or_suffix(const std::string& variable, char side);
    std::string by_replacement(const std::string& variable);
    std::string name();

    std::string_view whole_;
    std::string_view rest_;
    const Lookup& lookup_;
    char escape_;
    ExpandStyle style_;
    int depth_ = 0;
};

/// Everything up to `stop` ('\0': the end of the text), which is consumed.
Expanded Expander::until(char stop, bool keep_escapes)
{
    if (++depth_ > kMaxDepth) fail("substitutions nested too deeply");
    const bool outer = std::exchange(style_.keep_escapes, keep_escapes);
    std::string text;
    WordList words;
    while (!at_end() && (stop == '\0' || peek() != stop)) {
        if (text.size() > kMaxExpanded) fail("the expansion is larger than 16 MiB");
        if (peek() == '$') {
            const std::string value = dollar();
            text += value;
            words.add(value);
        } else if (!style_.ignore_quotes && (peek() == '\'' || peek() == '"')) {
            const std::string value = peek() == '"' ? double_quoted() : single_quoted();
            text += value;
            words.add_whole(value);
        } else if (peek() == escape_) {
            const std::string_view sign = next();
            std::string value(style_.keep_escapes ? sign : std::string_view{});
            if (!at_end()) value += next(); // an escape character at the end is dropped
            text += value;
            words.add_whole(value);
        } else {
            const std::string_view character = next();
            text += character;
            words.add(character);
        }
    }
    if (stop != '\0') {
        if (at_end()) fail(std::string("missing '") + stop + "'");
        next();
    }
    style_.keep_escapes = outer;
    --depth_;
    return {std::move(text), words.take()};
}

std::string Expander::single_quoted()
{
    const std::size_t end = rest_.find('\'', 1);
    if (end == std::string_view::npos) fail("missing the closing single quote");
    const std::string_view quoted = rest_.substr(0, end + 1);
    rest_.remove_prefix(quoted.size());
    return std::string(style_.keep_quotes ? quoted : quoted.substr(1, quoted.size() - 2));
}

std::string Expander::double_quoted()
{
    std::string result;
    const auto quote = [&] {
        const std::string_view sign = next();
        if (style_.keep_quotes) result += sign;
    };
    quote();
    while (!at_end() && peek() != '"') {
        if (peek() == '$') {
            result += dollar();
            continue;
        }
        std::string_view character = next();
        if (character.front() == escape_) {
            if (at_end()) break;
            // only these need an escape in here; before any other it stands for itself
            if (peek() == '"' || peek() == '$' || peek() == escape_) {
                if (style_.keep_escapes) result += character;
                character = next();
            }
        }
        result += character;
    }
    if (at_end()) fail("missing the closing double quote");
    quote();
    return result;
}

std::string Expander::dollar()
{
    next();
    if (!at_end() && peek() == '{') return braced();
    const std::string variable = name();
    if (variable.empty()) return "$";
    const auto value = lookup_(variable);
    if (!value && style_.keep_unset) return "$" + variable;
    return value.value_or("");
}

std::string Expander::braced()
{
    next();
    if (at_end()) fail("missing '}'");
    if (peek() == '{' || peek() == '}' || peek() == ':') fail("bad substitution");
    const std::string variable = name();
    if (at_end()) fail("missing '}'");
    const char modifier = next().front();
    switch (modifier) {
    case '}': {
        const auto value = lookup_(variable);
        if (!value && style_.keep_unset) return "${" + variable + "}";
        return value.value_or("");
    }
    case ':':
        if (at_end()) fail("missing '}'");
        return by_presence(variable, ":" + std::string(next()));
    case '+':
    case '-':
    case '?':
        return by_presence(variable, std::string(1, modifier));
    case '#':
    case '%':
        return by_prefix_or_suffix(variable, modifier);
    case '/':
        return by_replacement(variable);
    default:
        fail(std::string("unsupported modifier '") + modifier + "'");
    }
}

/// `${v:-w}`, `${v:+w}`, `${v:?w}` and the same without the colon, where empty counts as set.
std::string Expander::by_presence(const std::string& variable, std::string modifier)
{
    const bool empty_is_unset = modifier.size() > 1;
    const char what = modifier.back();
    const std::string word = until('}', false).text;
    if (what != '-' && what != '+' && what != '?') fail("unsupported modifier '" + modifier + "'");

    const auto value = lookup_(variable);
    if (!value && style_.keep_unset) return "${" + variable + modifier + word + "}";
    const bool present = value && !(empty_is_unset && value->empty());
    if (what == '-') return present ? *value : word;
    if (what == '+') return present ? word : std::string{};
    if (present) return *value;
    const char* state = value ? "is not allowed to be empty" : "is not allowed to be unset";
    throw Error(ErrorKind::kUsage, variable + ": " + (word.empty() ? state : word));
}

std::string Expander::by_prefix_or_suffix(const std::string& variable, char side)
{
    const std::string word = until('}', true).text;
    const auto value = lookup_(variable);
    if (!value && style_.keep_unset) return "${" + variable + side + word + "}";

    const bool longest = word.starts_with(side);
    const std::string_view pattern = std::string_view(word).substr(longest ? 1 : 0);
    const Cut cut = side == '#' ? (longest ? Cut::kLongestPrefix : Cut::kShortestPrefix)
                                : (longest ? Cut::kLongestSuffix : Cut::kShortestSuffix);
    return cut_match(value.value_or(""), pattern, cut);
}

std::string Expander::by_replacement(const std::string& variable)
{
    const bool all = !at_end() && peek() == '/';
    if (all) next();
    const std::string pattern = until('/', true).text;
    const std::string replacement = until('}', true).text;
    const auto value = lookup_(variable);
    if (!value && style_.keep_unset)
        return "${" + variable + "/" + pattern + "/" + replacement + "}";
    std::string result =
        replace_matches(value.value_or(""), pattern, replacement, all, kMaxExpanded);
    if (result.size() > kMaxExpanded) fail("the expansion is larger than 16 MiB");
    return result;
}

/// A variable's name, a positional parameter (any digits) or a special one. May be empty.
std::string Expander::name()
{
    if (at_end()) return {};
    std::string result;
    if (is_digit(static_cast<unsigned char>(peek()))) {
        while (!at_end() && is_digit(static_cast<unsigned char>(peek())))
            result += next();
        return result;
    }
    if (kSpecialParameters.find(peek()) != std::string_view::npos) return std::string(next());
    while (!at_end()) {
        const char32_t code = decode_rune(rest_).code;
        if (!is_letter(code) && !is_digit(code) && code != U'_') break;
        result += next();
    }
    return result;
}

} // namespace

Expanded
expand_word(std::string_view text, const Lookup& lookup, char escape, const ExpandStyle& style)
{
    return Expander(text, lookup, escape, style).run();
}

std::string expand(std::string_view text, const Lookup& lookup, char escape)
{
    return expand_word(text, lookup, escape, {}).text;
}

std::vector<std::string> expand_words(std::string_view text, const Lookup& lookup, char escape)
{
    return expand_word(text, lookup, escape, {}).words;
}

std::string expand_raw(std::string_view text, const Lookup& lookup, char escape)
{
    return expand_word(text, lookup, escape, {.ignore_quotes = true}).text;
}

} // namespace caisson::runner
