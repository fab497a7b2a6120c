#include "runner/job/site.hh"

#include "runner/job/compile_plan.hh"
#include "runner/job/holders.hh"
#include "runner/job/streams.hh"
#include "runner/request.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <algorithm>

namespace caisson::runner {
namespace {

/// Under what the store keeps the tree of a chain: each trust domain has its own.
attest::Digest domain_chain(const std::string& domain, const attest::Digest& chain)
{
    return domain.empty() ? chain : attest::Digest::of(domain + " " + chain.text());
}

} // namespace

LayerStack stack_of(const std::vector<Layer>& layers)
{
    LayerStack stack;
    for (const Layer& layer : layers) {
        std::promise<Layer> known;
        known.set_value(layer);
        stack.push_back(
            std::make_shared<LayerSlot>(LayerSlot{.layer = known.get_future().share()}));
    }
    return stack;
}

Site::Site(Store& store)
    : store_(store)
{}

Site::~Site() = default;

void Site::govern(const policies::Policy& policy, std::int64_t epoch)
{
    rules_ = policy.sandbox;
    policy_limits_ = policy.limits;
    limits_ = limits_of_policy(policy.limits);
    scope_.below_floor = policy.seccomp && !policy.seccomp->accepted.empty();
    filter_shuts_huge_pages_ = filter_shuts_huge_pages(policy);
    epoch_ = epoch;
}

sandbox::Chamber& Site::chamber()
{
    if (!chamber_) {
        chamber_ = sandbox::Chamber::start({.program = own_directory() / "caisson-chamber",
                                            .trees = store_.trees(),
                                            .ids = sandbox::SubordinateIds::of_invoker(),
                                            .host_paths = host_paths_,
                                            .limits = limits_,
                                            .scope = scope_});
        holders_ = chamber_->holders();
        if (filter_shuts_huge_pages_) add_filter(holders_);
        require_holders(policy_limits_, holders_);
    }
    return *chamber_;
}

const sandbox::LimitHolders& Site::holders()
{
    (void)chamber();
    return holders_;
}

std::uint64_t Site::disk_left() const noexcept
{
    return limits_.build_disk_bytes - std::min(disk_taken_, limits_.build_disk_bytes);
}

void Site::take_disk(std::uint64_t bytes)
{
    disk_taken_ += bytes;
    if (disk_taken_ > limits_.build_disk_bytes)
        throw Error(ErrorKind::kStep,
                    "the build takes more disk than the policy allows (limits.build_disk_bytes, " +
                        std::to_string(limits_.build_disk_bytes) + " bytes)");
}

std::string Site::new_tree()
{
    const std::lock_guard lock(mutex_);
    scratch_.push_back(store_.new_tree());
    return scratch_.back();
}

void Site::keep(const std::string& tree)
{
    const std::lock_guard lock(mutex_);
    std::erase(scratch_, tree);
}

std::vector<std::string> Site::trees_of(const LayerStack& stack)
{
    // a layer that is packed while the next step runs would be measured when it is too late
    if (rules_.verify_lowers)
        for (const auto& slot : stack)
            slot->layer.wait();
    std::vector<std::string> trees;
    attest::Digest chain;
    for (const auto& slot : stack) {
        // a layer that this build is still packing has its tree: the chain is needed only to find
        // or unpack one
        if (slot->tree.empty()) {
            chain = attest::Digest();
            for (const auto& below : stack) {
                chain = next_chain(chain, below->layer.get().blob.digest);
                if (below == slot) break;
            }
            const attest::Digest place = domain_chain(rules_.trust_domain, chain);
            const auto known = store_.find_layer_tree(place);
            if (known && !(rules_.verify_lowers && known->measured.empty())) {
                slot->tree = known->tree;
                slot->measured = known->measured;
            } else {
                unpack(*slot, place, trees);
            }
        }
        trees.insert(trees.begin(), slot->tree);
    }
    return trees;
}

void Site::unpack(LayerSlot& slot,
                  const attest::Digest& chain,
                  const std::vector<std::string>& lowers)
{
    const Layer& layer = slot.layer.get();
    const std::string tree = new_tree();
    auto [read_end, write_end] = make_pipe();
    auto done = chamber().unpack(tree, lowers, read_end.get(), disk_left());
    read_end.reset();
    const UniqueFd blob = store_.open_blob(layer.blob.digest);
    in_context("unpack layer " + layer.blob.digest.text(), [&, &input = write_end] {
        attest::Digest seen;
        const sandbox::TreeStats stats = feed(
            done, [&] { seen = copy_hashing(blob.get(), input.get()); }, input);
        if (seen != layer.blob.digest)
            throw Error(ErrorKind::kInput,
                        "its bytes in the store have the digest " + seen.text(),
                        "the store is damaged: remove the blob and build again");
        take_disk(stats.bytes);
    });
    if (rules_.verify_lowers) slot.measured = measure(tree, kDefaultEpoch);
    store_.put_layer_tree(chain, {.tree = tree, .measured = slot.measured});
    slot.tree = tree;
    keep(tree);
}

attest::Digest Site::measure(const std::string& tree, std::int64_t epoch)
{
    auto [read_end, write_end] = make_pipe();
    auto packed = chamber().pack(tree, epoch, write_end.get());
    write_end.reset();
    attest::Digest digest = hash_stream(read_end.get());
    packed.get();
    return digest;
}

bool Site::verify(const LayerStack& stack)
{
    if (!rules_.verify_lowers) return false;
    for (const auto& slot : stack) {
        if (slot->tree.empty()) continue; // no step has read it
        const bool unpacked = !slot->measured.empty();
        const Layer& layer = slot->layer.get();
        const attest::Digest was = unpacked ? slot->measured : layer.diff_id;
        if (measure(slot->tree, unpacked ? kDefaultEpoch : epoch_) == was) continue;
        store_.distrust_tree(slot->tree);
        throw Error(ErrorKind::kHost,
                    "the unpacked files of layer " + layer.blob.digest.text() +
                        " have changed since they were made: the wall that keeps them read-only "
                        "does not hold",
                    "update the kernel and reboot, then caisson store prune --all");
    }
    return true;
}

void Site::clean_up()
{
    if (chamber_) {
        const std::vector<std::string> leftovers = store_.leftover_trees();
        scratch_.insert(scratch_.end(), leftovers.begin(), leftovers.end());
        if (!scratch_.empty()) chamber_->remove(scratch_).get();
        if (!leftovers.empty()) store_.forget_leftovers();
        scratch_.clear();
    }
    store_.end_build();
}

void Site::abandon() noexcept
try {
    clean_up();
} catch (const std::exception&) {
    // the error that ended the build is the one to tell; without end_build() its trees count as
    // leftovers
    scratch_.clear();
}

attest::Digest next_chain(const attest::Digest& parent, const attest::Digest& blob)
{
    return parent.empty() ? blob : attest::Digest::of(parent.text() + " " + blob.text());
}

} // namespace caisson::runner
