#pragma once

#include <cstdint>

namespace caisson::probes {

/// One operation of an io_uring, as much of it as an attempt needs.
struct RingOperation {
    std::uint8_t code = 0; ///< IORING_OP_…
    int fd = -1;
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t flags = 0;
};

/// Makes a ring, queues the operation and waits: its answer, or minus the error number of whatever
/// failed before. A filter sees the calls on the ring, and none of what is queued.
long run_on_ring(const RingOperation& operation);

} // namespace caisson::probes
