#pragma once

#include "policies/policy.hh"

#include <string>

namespace caisson::policies {

/// The JSON text that Policy::canonical_json holds: all that decides, with sorted keys and without
/// spaces, so that two files that allow the same under the same name give the same bytes.
[[nodiscard]] std::string canonical_json(const Policy& policy);

} // namespace caisson::policies
