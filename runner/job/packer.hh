#pragma once

#include "runner/job/site.hh"

#include <functional>
#include <future>
#include <semaphore>
#include <string>

namespace caisson::runner {

/// Turns frozen trees into layers while the next step already runs: a worker of the chamber writes
/// plain tar, a thread of ours hashes, compresses and stores it.
class Packer {
public:
    explicit Packer(Site& site);

    /// Starts packing; `then` is called with the layer, on the packing thread, before the future is
    /// ready.
    [[nodiscard]] std::shared_future<Layer>
    pack(const std::string& tree, std::int64_t epoch, std::function<void(const Layer&)> then);

private:
    Site& site_;
    std::counting_semaphore<> slots_; ///< as many at once as the machine has cores
};

} // namespace caisson::runner
