#pragma once

#include <cstdint>
#include <string>

/// Capabilities (capabilities(7)) as bit sets. The one owner of libcap, of which only the names are
/// used: its calls take a round per capability where the kernel takes the whole set at once.
namespace caisson::sandbox::sys {

using CapabilitySet = std::uint64_t;

/// The bit of "CAP_CHOWN"; an unknown name is an Error of kind kUsage.
[[nodiscard]] CapabilitySet capability(const std::string& name);
/// Permitted and effective become `set`, inheritable and ambient become empty.
void capset(CapabilitySet set);
/// Drops what is not in `kept` from the bounding set. Needs CAP_SETPCAP.
void drop_bounding(CapabilitySet kept);

} // namespace caisson::sandbox::sys
