#pragma once

#include "sandbox/base/channel.hh"
#include "sandbox/base/unique_fd.hh"
#include "sandbox/chamber/chamber_filter.hh"

#include <cstdint>
#include <optional>
#include <sys/types.h>

namespace caisson::sandbox {

/// The first ids of the subordinate range: whom the chamber is before its namespaces. Given only by
/// a runner that is root.
struct FirstIds {
    uid_t user = 0;
    gid_t group = 0;
};

/// Leaves the host: the caller becomes root of a user namespace that the runner maps, and returns
/// in a child that is pid 1 of its own pid namespace, on a root that holds nothing but `trees`
/// (borrowed), the host paths that the runner handed over, a fresh /proc and six device nodes. The
/// process that called stays behind and waits. Trees in memory, where they have to lie there, take
/// `memory_bytes` at most. It runs under chamber_filter(scope) from then on, as do all its
/// children. What cannot be done is an Error.
void enter_chamber(const Channel& runner,
                   int trees,
                   std::uint64_t memory_bytes,
                   const std::optional<FirstIds>& ids,
                   const ChamberScope& scope);

} // namespace caisson::sandbox
