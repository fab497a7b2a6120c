#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// `<<EOF` in an instruction: its body is yet to be read.
struct HeredocMark {
    std::string name;
    bool expand = true;      ///< no part of the name was quoted
    bool strip_tabs = false; ///< `<<-`
};

/// The mark that a whole word is (`<<EOF`, `3<<-'E F'`), or nothing.
[[nodiscard]] std::optional<HeredocMark> parse_heredoc(std::string_view word);
/// Those of a line, in order. Quotes and escapes count as in the shell: `"<<EOF"` is none.
[[nodiscard]] std::vector<HeredocMark> find_heredocs(std::string_view line);
/// A body as `<<-` means it: no tabs at the beginnings of its lines.
[[nodiscard]] std::string without_leading_tabs(std::string_view body);

} // namespace caisson::runner
