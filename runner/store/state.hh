#pragma once

#include "runner/store/boot_mark.hh"
#include "runner/store/store.hh"

#include <ctime>
#include <map>
#include <mutex>
#include <set>

namespace caisson::runner {

/// What an open store holds: its directories, and this process's build.
struct Store::State {
    std::filesystem::path root;
    BootMark mark;

    UniqueFd directory;
    UniqueFd lock; ///< shared while the store is open
    UniqueFd blobs;
    UniqueFd trees;
    UniqueFd steps;
    UniqueFd layers;
    UniqueFd images;
    UniqueFd builds;
    UniqueFd tmp;

    std::mutex mutex;  ///< guards what follows
    std::string build; ///< this build's id; empty until its first tree
    UniqueFd marker;   ///< builds/<build>, locked while this process lives
    std::uint64_t next_tree = 0;
    std::map<std::string, UniqueFd> stale; ///< markers of dead builds, locked until forgotten

    /// Makes builds/<id>, locked, under an id that no other build has.
    void begin_build();
    /// Leaves a tree that no entry names any more to leftover_trees(): its build is marked as one
    /// that ended badly. Only for trees that no running build can be using.
    void abandon_tree(const std::string& tree) const;
    /// Digests of all blobs that an image or a step names.
    [[nodiscard]] std::set<attest::Digest> named_blobs(const Store& store) const;
    /// These, and whatever an image's attestation speaks of, blob or not.
    [[nodiscard]] std::set<attest::Digest> kept_blobs(const Store& store) const;
    void remove_entry(const UniqueFd& place, const std::string& name) const;
    /// Those entries that nobody used since; how many.
    [[nodiscard]] std::size_t remove_unused(const UniqueFd& place, std::time_t since) const;
    /// Writes a sealed entry.
    void put_entry(const UniqueFd& place, const std::string& name, std::string_view body) const;
    /// The body of a sealed entry; nothing where it is missing or damaged.
    [[nodiscard]] std::optional<std::string> find_entry(const UniqueFd& place,
                                                        const std::string& name) const;
    /// Every tree that a step or a layer names.
    [[nodiscard]] std::vector<std::string> named_trees() const;
};

/// While it lives nobody else works in the store; somebody who does is an Error of kind kInput.
class WorksAlone {
public:
    explicit WorksAlone(int lock);
    WorksAlone(const WorksAlone&) = delete;
    WorksAlone& operator=(const WorksAlone&) = delete;
    ~WorksAlone();

private:
    int lock_; ///< borrowed
};

/// The digest that an entry names; empty where it names none.
[[nodiscard]] attest::Digest digest_of_text(const std::string& text);

/// "<build>.<n>": eight hexadecimal digits, a dot, a number. Nothing else becomes a path.
[[nodiscard]] bool is_tree_name(std::string_view name) noexcept;
/// The eight hexadecimal digits of a build.
[[nodiscard]] bool is_build_id(std::string_view name) noexcept;

} // namespace caisson::runner
