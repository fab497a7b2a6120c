#include "runner/dockerfile/heredoc.hh"

#include "runner/dockerfile/expand_word.hh"
#include "runner/dockerfile/utf8.hh"
#include "sandbox/base/error.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

/// Nothing is set: a heredoc's name is taken as it is written.
std::optional<std::string> unset(std::string_view /*name*/)
{
    return std::nullopt;
}

/// The words of a line with quotes and escapes removed or kept; none where a quote is left open:
/// such a line is for the shell to judge, it holds no heredoc.
std::vector<std::string> words_of(std::string_view line, bool keep)
{
    try {
        const ExpandStyle style{.keep_quotes = keep, .keep_escapes = keep, .keep_unset = true};
        return expand_word(line, unset, '\\', style).words;
    } catch (const Error&) {
        return {};
    }
}

std::size_t count_quotes(std::string_view text)
{
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char byte) { return byte == '\'' || byte == '"'; }));
}

/// `<<` or `<<-`, a descriptor's number before it: the name is the next word.
bool is_bare_mark(std::string_view word)
{
    while (!word.empty() && is_digit(static_cast<unsigned char>(word.front())))
        word.remove_prefix(1);
    return word == "<<" || word == "<<-";
}

} // namespace

std::optional<HeredocMark> parse_heredoc(std::string_view word)
{
    while (!word.empty() && is_digit(static_cast<unsigned char>(word.front())))
        word.remove_prefix(1);
    if (!word.starts_with("<<")) return std::nullopt;
    word.remove_prefix(2);
    HeredocMark mark;
    if (word.starts_with('-')) {
        mark.strip_tabs = true;
        word.remove_prefix(1);
    }
    word = trim_left(word);
    if (word.find('<') != std::string_view::npos) return std::nullopt;

    const auto bare = words_of(word, false);
    const auto quoted = words_of(word, true);
    if (bare.size() != 1 || quoted.size() != 1) return std::nullopt;
    mark.name = bare.front();
    mark.expand = count_quotes(bare.front()) == count_quotes(quoted.front());
    return mark;
}

std::vector<HeredocMark> find_heredocs(std::string_view line)
{
    std::vector<HeredocMark> marks;
    if (line.find("<<") == std::string_view::npos) return marks;
    const auto words = words_of(line, true);
    for (std::size_t index = 0; index < words.size(); ++index) {
        std::string word = words[index];
        if (is_bare_mark(word) && index + 1 < words.size()) word += " " + words[++index];
        if (auto mark = parse_heredoc(word)) marks.push_back(*std::move(mark));
    }
    return marks;
}

std::string without_leading_tabs(std::string_view body)
{
    std::string result;
    bool line_begins = true;
    for (const char byte : body) {
        if (line_begins && byte == '\t') continue;
        line_begins = byte == '\n';
        result += byte;
    }
    return result;
}

} // namespace caisson::runner
