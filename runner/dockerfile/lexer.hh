#pragma once

#include "runner/dockerfile/heredoc.hh"
#include "runner/dockerfile/source.hh"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace caisson::runner {

/// One instruction's text: continuations joined, comments between them gone.
struct LogicalLine {
    std::string text;
    Location where;
};

/// Turns a Dockerfile into logical lines. Parser directives are read first; a heredoc's body is
/// read on request, because only the reader of the line knows whether it can have one.
class Lexer {
public:
    /// Reads the directives `syntax`, `escape` and `check`, and refuses a frontend that is not the
    /// built-in one. `source` is borrowed.
    explicit Lexer(const Source& source);

    /// The next instruction, nothing at the end.
    [[nodiscard]] std::optional<LogicalLine> next();
    /// The lines up to the one that is `mark.name`, as they are; `where` grows over them.
    [[nodiscard]] std::string read_body(const HeredocMark& mark, Location& where);

    [[nodiscard]] char escape() const noexcept { return escape_; }
    [[nodiscard]] std::vector<std::string> take_warnings() { return std::move(warnings_); }

private:
    void read_directives();
    void apply_directive(std::string_view key, std::string_view value, int line);
    [[nodiscard]] bool strip_continuation(std::string_view& line) const;

    const Source& source_;
    std::size_t next_ = 0; ///< index of the line to read
    char escape_ = '\\';
    std::vector<std::string> warnings_;
};

} // namespace caisson::runner
