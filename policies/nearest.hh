#pragma once

#include <span>
#include <string>
#include <string_view>

namespace caisson::policies {

/// `did you mean "limits"?` for the choice that a slip of one or two keys turns into `word`; empty
/// when none is near.
[[nodiscard]] std::string suggest(std::string_view word, std::span<const std::string_view> choices);

} // namespace caisson::policies
