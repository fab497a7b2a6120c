#pragma once

#include <cstddef>
#include <cstdint>

namespace caisson::sandbox {

// What a worker takes from an archive and puts into one: past it the input is an Error, never cut.
// What a layer of ours may hold, a layer of ours may also be unpacked from.

constexpr std::uint64_t kMaxEntries = 2'000'000;
constexpr std::size_t kMaxPath = 4095; ///< of a name and of a link's target: PATH_MAX less its NUL
constexpr std::size_t kMaxName = 255;  ///< NAME_MAX, of one component
constexpr std::size_t kMaxDepth = 256; ///< directories one in another
constexpr std::uint64_t kMaxBytes = 200ULL << 30; ///< of all files together, holes included
constexpr std::uint64_t kMaxRatio = 1000;         ///< unpacked to packed, past the first GiB
constexpr std::uint64_t kRatioFrom = 1ULL << 30;
constexpr std::uint64_t kMaxOwner = 65535; ///< the last id that a build has
constexpr std::size_t kMaxAttributes = 64; ///< extended attributes of one entry

} // namespace caisson::sandbox
