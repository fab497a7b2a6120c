#include "runner/job/packer.hh"

#include "runner/image/layer_writer.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/scope_exit.hh"

#include <algorithm>
#include <thread>

namespace caisson::runner {

Packer::Packer(Site& site)
    : site_(site)
    , slots_(std::max(1U, std::thread::hardware_concurrency()))
{}

Packer::~Packer()
{
    for (const std::shared_future<Layer>& each : started_)
        each.wait();
}

std::shared_future<Layer>
Packer::pack(const std::string& tree, std::int64_t epoch, std::function<void(const Layer&)> then)
{
    sandbox::Chamber& chamber = site_.chamber();
    const auto work = [this, &chamber, tree, epoch, then = std::move(then)] {
        slots_.acquire();
        const ScopeExit release([this] { slots_.release(); });
        auto [read_end, write_end] = make_pipe();
        auto packed = chamber.pack(tree, epoch, write_end.get());
        write_end.reset();
        Layer layer = store_layer(site_.store(), read_end.get());
        packed.get(); // a worker that failed half way has closed its pipe too: the layer counts
                      // only after this
        then(layer);
        return layer;
    };
    return started_.emplace_back(std::async(std::launch::async, work).share());
}

} // namespace caisson::runner
