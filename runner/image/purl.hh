#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace caisson::runner {

/// Bytes that are not unreserved (RFC 3986 2.3) as %XX.
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view also_plain = {});

/// A package URL (purl-spec): `pkg:<type>/<path>[@version][?key=value&…]`, every part but the
/// path's slashes percent-encoded. The qualifiers must be given sorted by key; those without a
/// value are left out.
[[nodiscard]] std::string
package_url(const std::string& type,
            const std::string& path,
            const std::string& version,
            const std::vector<std::pair<std::string, std::string>>& qualifiers);

} // namespace caisson::runner
