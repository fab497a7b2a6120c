#pragma once

#include "runner/dockerfile/instruction.hh"
#include "runner/dockerfile/node.hh"

namespace caisson::runner {

/// COPY or ADD.
[[nodiscard]] Copy make_copy(const SyntaxNode& node, const Place& place);

} // namespace caisson::runner
