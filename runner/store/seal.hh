#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace caisson::runner {

/// `body` and, as its last line, its SHA-256. A bit that flipped, a tail that a power cut took: the
/// entry is then no entry. No defence against an attacker, who could write the sum as well.
[[nodiscard]] std::string seal(std::string_view body);

/// The body of a sealed text, nothing where the sum does not hold.
[[nodiscard]] std::optional<std::string_view> unseal(std::string_view sealed);

} // namespace caisson::runner
