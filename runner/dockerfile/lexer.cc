// Lines. What BuildKit's parser does in `Parse` and `directives`: parser directives at the top,
// then instructions that may go on over several lines, with comments and empty lines between them.
#include "runner/dockerfile/lexer.hh"

#include "runner/dockerfile/utf8.hh"

#include <algorithm>
#include <array>

namespace caisson::runner {
namespace {

constexpr std::array<std::string_view, 3> kDirectives = {"syntax", "escape", "check"};
constexpr std::string_view kHub = "docker.io/";
constexpr std::string_view kFrontend = "docker/dockerfile";

bool is_comment(std::string_view line)
{
    return trim_left(line).starts_with('#');
}

bool is_blank(std::string_view line)
{
    return trim_left(line).empty();
}

struct Directive {
    std::string key; ///< lower case
    std::string_view value;
};

/// `# key = value`, if the line is one that Docker knows.
std::optional<Directive> parse_directive(std::string_view line)
{
    line = trim(without_line_end(line));
    if (!line.starts_with('#')) return std::nullopt;
    line = trim_left(line.substr(1));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    Directive directive{to_lower(trim(line.substr(0, equals))), trim(line.substr(equals + 1))};
    const bool known =
        std::find(kDirectives.begin(), kDirectives.end(), directive.key) != kDirectives.end();
    if (!known || directive.value.empty()) return std::nullopt;
    return directive;
}

/// `docker/dockerfile`, with any tag or digest, is the language that is built in.
bool is_built_in_frontend(std::string_view image)
{
    if (image.starts_with(kHub)) image.remove_prefix(kHub.size());
    if (!image.starts_with(kFrontend)) return false;
    image.remove_prefix(kFrontend.size());
    return image.empty() || image.front() == ':' || image.front() == '@';
}

} // namespace

Lexer::Lexer(const Source& source)
    : source_(source)
{
    read_directives();
}

void Lexer::read_directives()
{
    const auto& lines = source_.lines();
    // Docker looks for a frontend below a shebang too, but reads no other directive there.
    const bool shebang = !lines.empty() && lines.front().starts_with("#!");
    std::vector<std::string> seen;
    for (std::size_t index = shebang ? 1 : 0; index < lines.size(); ++index) {
        const auto directive = parse_directive(lines[index]);
        if (!directive) break;
        const int line = static_cast<int>(index) + 1;
        if (std::find(seen.begin(), seen.end(), directive->key) != seen.end())
            source_.fail({line, line},
                         "the " + directive->key + " directive can be given only once");
        seen.push_back(directive->key);
        if (!shebang || directive->key == "syntax")
            apply_directive(directive->key, directive->value, line);
    }
}

void Lexer::apply_directive(std::string_view key, std::string_view value, int line)
{
    const Location where{line, line};
    if (key == "escape") {
        if (value != "\\" && value != "`")
            source_.fail(
                where, "the escape character can be \\ or `, not " + std::string(value), value);
        escape_ = value.front();
    } else if (key == "syntax") {
        const std::string_view image = value.substr(0, value.find(' '));
        if (!is_built_in_frontend(image))
            source_.fail(where,
                         "the frontend " + std::string(image) + " is not supported",
                         image,
                         "caisson runs no foreign frontend; docker/dockerfile is built in");
    } else {
        warnings_.push_back(source_.at(line) + ": the check directive has no effect: there are no "
                                               "build checks yet");
    }
}

/// Cuts a continuation character off the end of `line`. An escape character before it takes its
/// meaning away.
bool Lexer::strip_continuation(std::string_view& line) const
{
    const std::size_t last = line.find_last_not_of(" \t");
    if (last == std::string_view::npos || line[last] != escape_) return false;
    if (last > 0 && line[last - 1] == escape_) return false;
    line = line.substr(0, last);
    return true;
}

std::optional<LogicalLine> Lexer::next()
{
    const auto& lines = source_.lines();
    while (next_ < lines.size() && (is_comment(lines[next_]) || is_blank(lines[next_])))
        ++next_;
    if (next_ == lines.size()) return std::nullopt;

    LogicalLine result;
    std::string_view line = trim_left(without_line_end(lines[next_++]));
    result.where = {static_cast<int>(next_), static_cast<int>(next_)};
    bool goes_on = strip_continuation(line);
    result.text = line;
    bool empty_line = false;
    while (goes_on && next_ < lines.size()) {
        line = without_line_end(lines[next_++]);
        result.where.last_line = static_cast<int>(next_);
        if (is_comment(line)) continue;
        if (is_blank(line)) {
            empty_line = true;
            continue;
        }
        goes_on = strip_continuation(line);
        result.text += line;
    }
    if (empty_line)
        warnings_.push_back(source_.at(result.where.line) +
                            ": an empty line within a continued instruction");
    return result;
}

std::string Lexer::read_body(const HeredocMark& mark, Location& where)
{
    const auto& lines = source_.lines();
    const Location opened = where;
    std::string body;
    while (next_ < lines.size()) {
        const std::string_view line = lines[next_++];
        where.last_line = static_cast<int>(next_);
        std::string_view end = without_line_end(line);
        if (mark.strip_tabs) end.remove_prefix(std::min(end.find_first_not_of('\t'), end.size()));
        if (end == mark.name) return body;
        body += line;
    }
    source_.fail(opened, "unterminated heredoc", "<<", "no line is just " + mark.name);
}

} // namespace caisson::runner
