#pragma once

#include <string>

namespace caisson::sandbox {

/// The value of security.capability without the user namespace it was set in: version 3 (with the
/// host id of the namespace's root) becomes version 2, so that a layer does not tell which ids
/// built it. Others stay as they are.
[[nodiscard]] std::string without_namespace(std::string value);

} // namespace caisson::sandbox
