#pragma once

#include "runner/dockerfile/instruction.hh"

#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// A Dockerfile's text and its name, as errors show them. Both are borrowed.
class Source {
public:
    Source(std::string_view text, std::string_view name);

    /// Each with its line end, the first without a byte order mark.
    [[nodiscard]] const std::vector<std::string_view>& lines() const noexcept { return lines_; }
    [[nodiscard]] std::string_view name() const noexcept { return name_; }
    /// "Dockerfile:7".
    [[nodiscard]] std::string at(int line) const;

    /// Throws an Error of kind kUsage: place, reason and hint, then the line that holds `token`
    /// within `where` and a caret below it. Without a token the caret is below the instruction.
    [[noreturn]] void fail(const Location& where,
                           std::string_view reason,
                           std::string_view token = {},
                           std::string_view hint = {}) const;

private:
    std::string_view name_;
    std::vector<std::string_view> lines_;
};

/// One instruction's place: what the functions below the lexer need to complain.
struct Place {
    const Source& source;
    Location where;

    [[noreturn]] void
    fail(std::string_view reason, std::string_view token = {}, std::string_view hint = {}) const
    {
        source.fail(where, reason, token, hint);
    }
};

/// The line without what ends it: "\n", "\r\n".
[[nodiscard]] std::string_view without_line_end(std::string_view line);

/// The word among `known` that `word` was probably meant to be, or nothing.
[[nodiscard]] std::string_view closest(std::string_view word,
                                       const std::vector<std::string_view>& known);

} // namespace caisson::runner
