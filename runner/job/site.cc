#include "runner/job/site.hh"

#include "runner/job/streams.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <algorithm>

namespace caisson::runner {

Site::Site(Store& store)
    : store_(store)
{}

Site::~Site() = default;

sandbox::Chamber& Site::chamber()
{
    if (!chamber_)
        chamber_ = sandbox::Chamber::start({.program = own_directory() / "caisson-chamber",
                                            .trees = store_.trees(),
                                            .ids = sandbox::SubordinateIds::of_invoker()});
    return *chamber_;
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
            if (const auto known = store_.find_layer_tree(chain))
                slot->tree = *known;
            else
                unpack(*slot, chain, trees);
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
    auto done = chamber().unpack(tree, lowers, read_end.get());
    read_end.reset();
    const UniqueFd blob = store_.open_blob(layer.blob.digest);
    in_context("unpack layer " + layer.blob.digest.text(), [&] {
        attest::Digest seen;
        feed(
            done, [&] { seen = copy_hashing(blob.get(), write_end.get()); }, write_end);
        if (seen != layer.blob.digest)
            throw Error(ErrorKind::kInput,
                        "its bytes in the store have the digest " + seen.text(),
                        "the store is damaged: remove the blob and build again");
    });
    store_.put_layer_tree(chain, tree);
    slot.tree = tree;
    keep(tree);
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
