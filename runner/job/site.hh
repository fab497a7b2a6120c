#pragma once

#include "policies/policy.hh"
#include "runner/image/descriptor.hh"
#include "runner/store/store.hh"
#include "sandbox/launch.hh"

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace caisson::runner {

/// One layer of a state while a build runs: its blob, perhaps still being packed, and its tree, if
/// it is unpacked.
struct LayerSlot {
    std::string tree;                ///< empty: only the blob is there
    attest::Digest measured;         ///< of a tree that was unpacked under verify_lowers
    std::shared_future<Layer> layer; ///< rethrows what went wrong while packing
};

/// The layers that make a tree, bottom first.
using LayerStack = std::vector<std::shared_ptr<LayerSlot>>;

/// A stack of layers that are blobs of the store.
[[nodiscard]] LayerStack stack_of(const std::vector<Layer>& layers);

/// Where a build's trees are: the store's directory of trees and the chamber that alone can look
/// into it. The chamber is started when it is first needed: a build that is cached whole never has
/// one.
class Site {
public:
    explicit Site(Store& store);
    ~Site();
    Site(const Site&) = delete;
    Site& operator=(const Site&) = delete;

    /// What cells may be shown of the host; to be said before the chamber is first needed.
    void show_host(const std::vector<sandbox::HostPath>& paths) { host_paths_ = paths; }

    /// Whether cells of linux/386 images are to come: the chamber's own filter leaves them their
    /// calls. To be said before the chamber is first needed.
    void expect_i386(bool expected) { scope_.i386 = expected; }
    [[nodiscard]] const sandbox::ChamberScope& scope() const noexcept { return scope_; }

    /// From now on trees are shared and checked as the policy says, and the chamber is held to its
    /// limits: where the policy wants them held more firmly than this host does, the chamber is an
    /// Error of kind kHost. What it accepts below the floor the chamber's own filter leaves to
    /// cells.
    void govern(const policies::Policy& policy, std::int64_t epoch);

    [[nodiscard]] Store& store() noexcept { return store_; }
    [[nodiscard]] sandbox::Chamber& chamber();
    /// Who holds which limit of its steps.
    [[nodiscard]] const sandbox::LimitHolders& holders();
    [[nodiscard]] bool has_chamber() const noexcept { return chamber_ != nullptr; }

    /// What the build may still take on disk.
    [[nodiscard]] std::uint64_t disk_left() const noexcept;
    /// It took so much. More than it may is an Error of kind kStep.
    void take_disk(std::uint64_t bytes);

    /// Names a tree that is removed at the end, unless keep() is called for it (from any thread).
    [[nodiscard]] std::string new_tree();
    void keep(const std::string& tree);

    /// The trees of a stack, topmost first, as overlayfs wants them. Layers that are only blobs are
    /// unpacked: streamed to the chamber and hashed on the way; a tree counts only once the digest
    /// was right.
    [[nodiscard]] std::vector<std::string> trees_of(const LayerStack& stack);

    /// Under verify_lowers: hashes the trees of a stack again, each through the page cache as a
    /// step reads it. One that is not what it was before any step ran on it is an Error of kind
    /// kHost, and no later build uses it. True if they were looked at.
    bool verify(const LayerStack& stack);

    /// Removes the trees that were not kept, and what builds that ended badly left behind.
    void clean_up();
    /// The same after a failure, as far as it goes: what can not be removed now (the chamber may be
    /// gone) is left to the next build, which finds this one's mark.
    void abandon() noexcept;

private:
    void
    unpack(LayerSlot& slot, const attest::Digest& chain, const std::vector<std::string>& lowers);

    /// What a tree's files are, by digest: of the tar that it packs to.
    [[nodiscard]] attest::Digest measure(const std::string& tree, std::int64_t epoch);

    Store& store_;
    std::vector<sandbox::HostPath> host_paths_;
    sandbox::ChamberScope scope_;
    policies::PolicySandbox rules_;
    policies::PolicyLimits policy_limits_;
    sandbox::Limits limits_; ///< the policy's; before there is one, what a plan has by itself
    bool filter_shuts_huge_pages_ = false;
    sandbox::LimitHolders holders_; ///< once there is a chamber
    std::uint64_t disk_taken_ = 0;  ///< bytes, by this build
    std::int64_t epoch_ = 0;        ///< the build's: what its own layers are packed with
    std::unique_ptr<sandbox::Chamber> chamber_;
    std::mutex mutex_;
    std::vector<std::string> scratch_; ///< trees to remove; guarded by mutex_
};

/// The chain of a stack of layers, as image-spec's ChainID (config.md) but over the blobs' digests:
/// diff ids are what an image says of itself, and one image could pass its own files off for
/// another's.
[[nodiscard]] attest::Digest next_chain(const attest::Digest& parent, const attest::Digest& blob);

} // namespace caisson::runner
