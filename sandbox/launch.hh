#pragma once

#include "sandbox/base/unique_fd.hh"
#include "sandbox/cgroup/build_groups.hh"
#include "sandbox/chamber/chamber_filter.hh"
#include "sandbox/holders.hh"
#include "sandbox/host_path.hh"
#include "sandbox/outcome.hh"
#include "sandbox/plan.hh"

#include <cstdint>
#include <filesystem>
#include <future>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace caisson::sandbox {

/// A range of subordinate ids (subuid(5)): host ids first .. first+count-1 are 0 .. count-1 inside.
struct IdRange {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
};

/// The subordinate ranges that the chamber is mapped to: those of the invoking user, or as root
/// those of the user `caisson`. Fewer than 65,536 ids: an Error of kind kHost whose hint says what
/// to do.
struct SubordinateIds {
    IdRange users;
    IdRange groups;
    [[nodiscard]] static SubordinateIds of_invoker();
};

struct ChamberOptions {
    std::filesystem::path program; ///< caisson-chamber
    int trees = -1;                ///< borrowed: the store's directory of trees
    SubordinateIds ids;
    /// Beside the trees, the only host paths inside. They are opened with the caller's rights and
    /// none of the chamber's.
    std::vector<HostPath> host_paths;
    Limits limits;       ///< of the steps to come, and of the build; a plan may have other ones
    bool cgroups = true; ///< false: not even where the host gives some
    ChamberScope scope;  ///< what its own filter must leave to cells
};

/// The ends of pipes that a step gets as its standard streams; borrowed.
struct StepPipes {
    int output = -1; ///< write end
    int errors = -1; ///< write end
    int input = -1;  ///< read end; -1: the step reads /dev/null
};

/// What a worker did with a tree.
struct TreeStats {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t disk_bytes = 0; ///< blocks, where a tree was frozen
    bool archive = true; ///< false: an ADDed file turned out to be no archive; nothing was written
};

/// Where the files of one `receive` go, with COPY's rules (Dockerfile reference, COPY).
struct ReceiveOptions {
    std::vector<std::string> lowers; ///< the tree as it was, topmost first
    std::string upper;               ///< takes what is written; made if missing
    std::string destination; ///< absolute, inside the tree; links in it are followed beneath the
                             ///< tree's root
    bool directory = false;  ///< the destination ends with `/` or there are several sources
    std::string owner;    ///< --chown: "", "7", "7:8", "app:staff"; names are looked up in the tree
    bool archive = false; ///< ADD of a local archive: the stream is an archive of any known kind
    /// Of all files, as the policy leaves it to the build; more is an Error of kind kStep.
    std::uint64_t most_bytes = ~std::uint64_t{0};
};

/// What of a merged tree `collect` writes as tar. With no patterns: everything, as `.`-relative
/// names.
struct CollectOptions {
    std::vector<std::string> lowers;
    std::vector<std::string> patterns; ///< COPY --from sources, Go filepath.Match, inside the tree
    std::string mode;                  ///< --chmod, octal; empty keeps
    std::int64_t clamp_epoch = -1;     ///< times later than this become this; -1 keeps
};

/// The runner's handle on caisson-chamber, which owns every file tree of a build and starts its
/// cells. Replies come in any order, so each call returns a future; a call may be made from any
/// thread. The program is started by the thread that calls start(), which must outlive it
/// (PDEATHSIG follows the thread). The destructor ends the chamber and everything below it.
///
/// A stream argument is borrowed for the call only: close your copy once the call has returned, or
/// the reader never sees its end.
class Chamber {
public:
    /// Starts the program, maps its ids and waits until it is ready.
    static std::unique_ptr<Chamber> start(const ChamberOptions& options);
    ~Chamber();
    Chamber(const Chamber&) = delete;
    Chamber& operator=(const Chamber&) = delete;

    /// Whether the owners of a host path are seen inside as on disk, or all are nobody.
    [[nodiscard]] bool shows_owners(std::size_t host_path) const;

    /// Runs one step in a fresh cell. `filter`: a file with the seccomp program, struct sock_filter
    /// as they lie in memory; steps may share it. A set-up step that fails is an Error of kind
    /// kHost.
    struct Running {
        std::uint64_t request = 0; ///< for stop()
        std::future<Outcome> outcome;
        std::unique_ptr<StepGroup> group; ///< none on a host without cgroups
    };
    [[nodiscard]] Running run(const Plan& plan, int filter, const StepPipes& pipes);
    /// Waits for the end of a step, ending it where a cgroup says that it ran into a limit. Its
    /// future is used up.
    [[nodiscard]] Outcome wait(Running& running);
    /// Who holds which limit of a step here.
    [[nodiscard]] const LimitHolders& holders() const noexcept;
    /// Ends a running step and all it started; its future yields kInterrupted (or `reason`).
    void stop(std::uint64_t request, Outcome::Kind reason = Outcome::Kind::kInterrupted);

    /// Unpacks one OCI layer (tar; plain, gzip or zstd, told by its first bytes) from `input` into
    /// the new tree `tree`, on top of the layers below (`lowers`, topmost first): a layer may
    /// remove their files, link to them, or write through their links, so a tree is that of its
    /// whole chain and is kept under the chain's digest, not the layer's. The tree counts only once
    /// the caller has seen that the digest was right; else remove() it.
    [[nodiscard]] std::future<TreeStats> unpack(const std::string& tree,
                                                const std::vector<std::string>& lowers,
                                                int input,
                                                std::uint64_t most_bytes = ~std::uint64_t{0});
    /// Writes the tar in `input` into a tree, as COPY and ADD do. The stream of a directory source
    /// starts with the entry "./"; that of a file is one entry named by its base name. No entry:
    /// makes the destination directory (WORKDIR).
    [[nodiscard]] std::future<TreeStats> receive(const ReceiveOptions& options, int input);
    /// Writes (part of) the merged view of `lowers` to `output` as tar.
    [[nodiscard]] std::future<TreeStats> collect(const CollectOptions& options, int output);
    /// Sets every time in `tree` later than `epoch` (seconds) to it. After it the tree is frozen.
    [[nodiscard]] std::future<TreeStats> freeze(const std::string& tree, std::int64_t epoch);
    /// Writes one frozen tree as an OCI layer to `output`: plain tar, sorted, whiteouts as `.wh.`
    /// files.
    [[nodiscard]] std::future<TreeStats>
    pack(const std::string& tree, std::int64_t epoch, int output);
    [[nodiscard]] std::future<void> remove(const std::vector<std::string>& trees);

private:
    struct State;
    explicit Chamber(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// What every cell has whatever its plan, as the chamber's program tells it (cell/describe.hh).
[[nodiscard]] nlohmann::json describe_cells(const std::filesystem::path& program);

/// What this host can give, found by trying (host/check.hh). As root without `ids` nothing is tried
/// as the chamber's user.
[[nodiscard]] nlohmann::json check_host(const std::filesystem::path& program,
                                        int trees,
                                        const std::optional<SubordinateIds>& ids);

/// Unpacks our own tar from `input` into the open, empty directory `destination` as the calling
/// user: the program runs with that directory as its only file-system right (type=local).
TreeStats extract_as_caller(const std::filesystem::path& program, int input, int destination);

} // namespace caisson::sandbox
