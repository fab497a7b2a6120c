#pragma once

#include <cstddef>
#include <functional>

namespace caisson::runner {

/// As many as Docker and Podman ask a registry for at once, which is as many as registries expect.
inline constexpr std::size_t kTransfersAtOnce = 4;

/// Calls `work` with each number below `count`, a few at a time, on threads of its own and on the
/// caller's. The first Error ends the rest and comes out when all have ended; `given_up` tells a
/// long work that it may end early.
void side_by_side(
    std::size_t count,
    const std::function<void(std::size_t at, const std::function<bool()>& given_up)>& work);

} // namespace caisson::runner
