#pragma once

#include "runner/dockerfile/lexer.hh"
#include "runner/dockerfile/source.hh"

#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// A heredoc with its body as it stands in the file.
struct RawHeredoc {
    HeredocMark mark;
    std::string body;
};

/// An instruction between text and type: a command, its flags, its words. What a word means is
/// decided by parser.cc; how a line falls into words differs by command and is decided here.
struct SyntaxNode {
    std::string command; ///< lower case
    std::vector<std::string> flags;
    std::vector<std::string> words;  ///< ENV, LABEL: name, value, "=" or "" for each
    bool json = false;               ///< the words come from a JSON array
    std::vector<SyntaxNode> trigger; ///< of ONBUILD: none or one
    std::vector<RawHeredoc> heredocs;
    std::string original; ///< the logical line
    Location where;
};

/// All instructions of a file; none is an error.
[[nodiscard]] std::vector<SyntaxNode> read_nodes(Lexer& lexer, const Source& source);

} // namespace caisson::runner
