#pragma once

#include "runner/dockerfile/instruction.hh"
#include "runner/dockerfile/node.hh"

#include <optional>
#include <string_view>

namespace caisson::runner {

/// A Go duration ("1m30s", "1.5h", "100ms") in nanoseconds; nothing for any other text, or one that
/// does not fit.
[[nodiscard]] std::optional<long long> parse_duration(std::string_view text);

[[nodiscard]] Healthcheck make_healthcheck(const SyntaxNode& node, const Place& place);

} // namespace caisson::runner
