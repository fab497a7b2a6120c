#pragma once

#include "sandbox/cgroup/group.hh"
#include "sandbox/cgroup/place.hh"
#include "sandbox/holders.hh"
#include "sandbox/outcome.hh"
#include "sandbox/plan.hh"

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace caisson::sandbox {

/// How a process gets into a group: descriptors that one who may is given, and which let him do
/// nothing else.
struct GroupEntrance {
    /// Version 1: each group's `tasks`. A single-threaded process that writes 0 there moves itself
    /// at once, where a write to cgroup.procs waits for all of the machine's processes (13 ms).
    std::vector<int> tasks;
    /// Version 2: the directory, for clone3(CLONE_INTO_CGROUP), which does not wait either.
    int directory = -1;
};

/// The groups of one step, one in each tree of cgroups. Bounded before anything runs in them;
/// removed when it goes away.
class StepGroup {
public:
    [[nodiscard]] const GroupEntrance& entrance() const noexcept { return entrance_; }
    /// The limits that they hold.
    [[nodiscard]] const LimitHolders& holders() const noexcept { return holders_; }

    /// The limit that the step has run into, if it has: the kernel counts that.
    struct Hit {
        Outcome::Kind kind = Outcome::Kind::kOutOfMemory;
        std::string limit; ///< the policy's key; empty: the host itself is short of memory
        std::uint64_t allowed = 0;
    };
    [[nodiscard]] std::optional<Hit> hit() const;
    /// Processor time of all that ran in it; nothing where the trees here do not count it.
    [[nodiscard]] std::optional<std::chrono::microseconds> cpu() const;
    /// The most memory that was charged at once; nothing where the kernel does not tell.
    [[nodiscard]] std::optional<std::uint64_t> peak_memory() const;

private:
    friend class BuildGroups;

    struct Part {
        Group group;
        const Group* build;      ///< the one above it; borrowed
        const GroupPlace* place; ///< where that is; borrowed

        /// Whether it could have that file: one of its controllers', by the file's name.
        [[nodiscard]] bool may_have(std::string_view file) const;
    };
    /// A file of whichever of the groups has it.
    [[nodiscard]] std::optional<std::string> read(const std::string& file) const;
    [[nodiscard]] std::optional<std::uint64_t> count(const std::string& file,
                                                     std::string_view key = {}) const;
    /// The same of the build's groups above.
    [[nodiscard]] std::optional<std::uint64_t> count_above(const std::string& file,
                                                           std::string_view key = {}) const;
    using Counter = std::optional<std::uint64_t> (StepGroup::*)(const std::string&,
                                                                std::string_view) const;
    [[nodiscard]] bool came_to_limit(Counter counter) const;
    /// Makes it as good as new for another step: the counters at nothing. False where that cannot
    /// be: the kernel does not set them back (version 2), a limit was hit, or much is still charged
    /// to it of what the step read and wrote.
    [[nodiscard]] bool renew() const;
    [[nodiscard]] std::optional<Hit> memory_hit() const;

    Limits limits_;
    LimitHolders holders_;
    std::vector<Part> parts_;
    std::vector<UniqueFd> tasks_;
    GroupEntrance entrance_;
};

/// The cgroups of one build: in each tree one that bounds the whole of it, and in it one for the
/// chamber and one for each step. Removed when it goes away; if its process is killed, the next
/// build's first act removes them.
class BuildGroups {
public:
    /// Makes them where this host lets us. Nothing where it does not: most ordinary users, most
    /// containers. Sweeps what killed builds left.
    [[nodiscard]] static std::unique_ptr<BuildGroups> try_make(const Limits& limits);
    ~BuildGroups();
    BuildGroups(const BuildGroups&) = delete;
    BuildGroups& operator=(const BuildGroups&) = delete;

    /// What each of the build's own groups is called.
    [[nodiscard]] const std::string& name() const noexcept { return name_; }
    /// The limits that they hold, and by what.
    [[nodiscard]] const LimitHolders& holders() const noexcept { return holders_; }

    /// Moves the chamber, just started, into its group (version 2); with version 1 it goes itself.
    void admit_chamber(pid_t chamber) const;
    [[nodiscard]] const GroupEntrance& chamber_entrance() const noexcept
    {
        return chamber_entrance_;
    }

    /// The groups of the next step, made while the one before it ran, with its limits. Where the
    /// host does not give them any more, an Error of kind kHost: they were promised.
    [[nodiscard]] std::unique_ptr<StepGroup> take(const Limits& limits);
    /// Those of a step that has ended, with everything in it. The next step gets them where they
    /// can be renewed, which is quicker than to make some; else they are removed while another
    /// runs.
    void put_back(std::unique_ptr<StepGroup> step);

private:
    struct Tree {
        GroupPlace place;
        Group build;
        std::optional<Group> chamber;
    };

    BuildGroups() = default;
    [[nodiscard]] bool add_tree(GroupPlace place, const Limits& limits);
    [[nodiscard]] std::unique_ptr<StepGroup> make_step(const Limits& limits);
    [[nodiscard]] std::unique_ptr<StepGroup> take_made(const Limits& limits);
    void bound_step(StepGroup& step, const Limits& limits) const;

    std::string name_;
    LimitHolders build_holders_; ///< of the limits on the whole build
    LimitHolders promised_;      ///< by the groups of each step
    LimitHolders holders_;
    std::vector<std::unique_ptr<Tree>> trees_;
    UniqueFd chamber_tasks_;
    GroupEntrance chamber_entrance_;

    std::mutex mutex_;      ///< guards what follows
    std::size_t steps_ = 0; ///< named by make_step(), which never runs twice at once
    std::vector<std::unique_ptr<StepGroup>> renewed_;
    std::vector<std::unique_ptr<StepGroup>> ended_;
    std::future<std::unique_ptr<StepGroup>> spare_; // last: its thread works on all of the above
};

} // namespace caisson::sandbox
