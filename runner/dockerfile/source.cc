#include "runner/dockerfile/source.hh"

#include "runner/dockerfile/utf8.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <limits>
#include <numeric>

namespace caisson::runner {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// A longer line is shown in part: an error is for reading.
constexpr std::size_t kShownBytes = 160;

struct Spot {
    int line = 0;
    std::size_t column = 0; ///< bytes before it
};

bool starts_word(std::string_view line, std::size_t at)
{
    return at == 0 || is_space(static_cast<unsigned char>(line[at - 1]));
}

/// Where `token` stands in `line`, best at the start of a word.
std::size_t find_token(std::string_view line, std::string_view token)
{
    for (std::size_t at = line.find(token); at != std::string_view::npos;
         at = line.find(token, at + 1))
        if (starts_word(line, at)) return at;
    return line.find(token);
}

/// The part of a line that an error shows. A Dockerfile may be anybody's: no control character of
/// it reaches the terminal.
std::string printable(std::string_view text)
{
    std::string shown(text);
    std::replace_if(
        shown.begin(),
        shown.end(),
        [](char byte) {
            const auto code = static_cast<unsigned char>(byte);
            return (code < 0x20 && byte != '\t') || code == 0x7F;
        },
        '?');
    return shown;
}

/// As many columns as `text` takes, tabs kept so that the caret lands below its character.
std::string blank(std::string_view text)
{
    std::string result;
    while (!text.empty()) {
        result += text.front() == '\t' ? '\t' : ' ';
        text.remove_prefix(decode_rune(text).length);
    }
    return result;
}

std::string excerpt(std::string_view line, std::size_t column)
{
    std::size_t begin = 0;
    if (line.size() > kShownBytes && column > kShownBytes / 2) begin = column - kShownBytes / 2;
    const std::string_view window = line.substr(begin, kShownBytes);
    return "\n  " + printable(window) + "\n  " + blank(window.substr(0, column - begin)) + "^";
}

/// Edits that turn one word into the other; neighbours that changed places are one edit.
std::size_t distance(std::string_view from, std::string_view to)
{
    std::vector<std::size_t> before_last(to.size() + 1);
    std::vector<std::size_t> last(to.size() + 1);
    std::vector<std::size_t> current(to.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t row = 1; row <= from.size(); ++row) {
        current[0] = row;
        for (std::size_t column = 1; column <= to.size(); ++column) {
            const std::size_t change = from[row - 1] == to[column - 1] ? 0 : 1;
            current[column] =
                std::min({last[column] + 1, current[column - 1] + 1, last[column - 1] + change});
            if (row > 1 && column > 1 && from[row - 1] == to[column - 2] &&
                from[row - 2] == to[column - 1])
                current[column] = std::min(current[column], before_last[column - 2] + 1);
        }
        std::swap(before_last, last);
        std::swap(last, current);
    }
    return last[to.size()];
}

} // namespace

Source::Source(std::string_view text, std::string_view name)
    : name_(name)
{
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        const std::size_t length = end == std::string_view::npos ? text.size() : end + 1;
        lines_.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
}

std::string Source::at(int line) const
{
    return printable(name_) + ":" + std::to_string(line);
}

void Source::fail(const Location& where,
                  std::string_view reason,
                  std::string_view token,
                  std::string_view hint) const
{
    const auto text_of = [&](int line) {
        const bool exists = line >= 1 && static_cast<std::size_t>(line) <= lines_.size();
        return exists ? without_line_end(lines_[static_cast<std::size_t>(line) - 1])
                      : std::string_view{};
    };
    const std::string_view first = text_of(where.line);
    Spot spot{where.line, first.size() - trim_left(first).size()};
    for (int line = where.line; !token.empty() && line <= where.last_line; ++line) {
        const std::size_t column = find_token(text_of(line), token);
        if (column == std::string_view::npos) continue;
        spot = {line, column};
        break;
    }

    std::string message = at(std::max(spot.line, 1)) + ": " + printable(reason);
    if (!hint.empty()) message += " (hint: " + std::string(hint) + ")";
    if (const std::string_view shown = text_of(spot.line); !shown.empty())
        message += excerpt(shown, spot.column);
    throw Error(ErrorKind::kUsage, std::move(message));
}

std::string_view without_line_end(std::string_view line)
{
    const std::size_t end = line.find_last_not_of("\r\n");
    return line.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

std::string_view closest(std::string_view word, const std::vector<std::string_view>& known)
{
    const std::size_t tolerated = word.size() <= 4 ? 1 : 2;
    std::string_view best;
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const std::string_view candidate : known) {
        if (candidate.size() > word.size() + tolerated ||
            word.size() > candidate.size() + tolerated)
            continue;
        const std::size_t edits = distance(word, candidate);
        if (edits <= tolerated && edits < least) {
            best = candidate;
            least = edits;
        }
    }
    return best;
}

} // namespace caisson::runner
