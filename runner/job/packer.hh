#pragma once

#include "runner/job/site.hh"

#include <functional>
#include <future>
#include <semaphore>
#include <string>
#include <vector>

namespace caisson::runner {

/// Turns frozen trees into layers while the next step already runs: a worker of the chamber writes
/// plain tar, a thread of ours hashes, compresses and stores it. One that goes away waits for its
/// threads: others may hold their futures, whose end then waits for nothing.
class Packer {
public:
    explicit Packer(Site& site);
    ~Packer();
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;

    /// Starts packing; `then` is called with the layer, on the packing thread, before the future is
    /// ready.
    [[nodiscard]] std::shared_future<Layer>
    pack(const std::string& tree, std::int64_t epoch, std::function<void(const Layer&)> then);

private:
    Site& site_;
    std::counting_semaphore<> slots_; ///< as many at once as the machine has cores
    std::vector<std::shared_future<Layer>> started_;
};

} // namespace caisson::runner
