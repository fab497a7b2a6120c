#pragma once

#include "sandbox/base/file.hh"
#include "tests/support/paths.hh"

#include <string>

namespace caisson::testing {

/// The commands of a document: all of its blocks that open with "```sh KIND".
[[nodiscard]] inline std::string document_blocks(const std::string& document,
                                                 const std::string& kind)
{
    const std::string text = read_file(checkout::source() / document, 1U << 20);
    const std::string opening = "\n```sh " + kind + "\n";
    std::string blocks;
    for (std::size_t at = text.find(opening); at != std::string::npos;
         at = text.find(opening, at + 1)) {
        const std::size_t start = at + opening.size();
        blocks += text.substr(start, text.find("\n```", start) - start) + '\n';
    }
    return blocks;
}

} // namespace caisson::testing
