#pragma once

#include "sandbox/architecture.hh"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace caisson::sandbox {

/// What one step may use. No field means "no limit" by being zero.
struct Limits {
    std::uint64_t memory_bytes = 8ULL << 30; ///< resident, page cache and files in memory included
    std::uint64_t swap_bytes = 0;            ///< beside it
    std::uint64_t huge_page_bytes = 0;       ///< of hugetlbfs, which memory_bytes does not count
    std::optional<std::uint64_t> address_space_bytes; ///< of one process (RLIMIT_AS)
    std::uint64_t processes = 2048;       ///< tasks alive at once, threads included (RLIMIT_NPROC)
    std::uint64_t cpu_percent = 6400;     ///< of one core at once; 200 is two cores
    std::chrono::seconds cpu_time{57600}; ///< user and system, all processes together
    std::uint64_t disk_bytes = 32ULL << 30;      ///< of its upper tree
    std::uint64_t disk_files = 1'000'000;        ///< inodes of its upper tree
    std::uint64_t file_size_bytes = 16ULL << 30; ///< of one file (RLIMIT_FSIZE)
    std::uint64_t open_files = 65536;            ///< descriptors of one process (RLIMIT_NOFILE)
    std::uint64_t output_bytes =
        64ULL << 20; ///< of standard output and error together; past it the step is ended
    std::chrono::milliseconds step_time{3'600'000}; ///< wall clock
    /// Of all steps that run at once, and of the chamber.
    std::uint64_t build_memory_bytes = 16ULL << 30;
    /// Of all that a build unpacks, copies and changes.
    std::uint64_t build_disk_bytes = 64ULL << 30;
};

/// A small file that a step finds on a tmpfs of its own, never in a layer: the body of a heredoc
/// with a `#!` line, /etc/hosts, /etc/resolv.conf.
struct PlanFile {
    std::string path; ///< absolute, inside the cell
    std::string content;
    std::uint32_t mode = 0644;
};

/// A file or directory of the host in the cell: what `caisson run` was told to show. A build's plan
/// has none.
struct Bind {
    unsigned host_path = 0;  ///< its place in ChamberOptions::host_paths
    std::string source;      ///< as the caller named it; for people
    std::string destination; ///< absolute, inside the cell; "/": the lowest layer of the root
    bool writable = false;
};

/// The newest Landlock ABI of which cells make use; a kernel with an older one gives less.
inline constexpr int kNewestLandlock = 6;

enum class Landlock { kRequired, kIfAvailable };

/// One step, exact: the whole contract between the runner and a cell. Plain data; printed by
/// `caisson explain`, digested into the statement.
struct Plan {
    std::string name;                ///< for people: "RUN make (Dockerfile:7)"
    std::vector<std::string> lowers; ///< ids of frozen trees, topmost first; may be empty (scratch)
    std::string upper;               ///< id of the tree that takes what the step writes
    std::vector<std::string> argv;   ///< the command; argv[0] is searched in PATH of `environment`
    std::vector<std::string>
        environment; ///< "NAME=value"; HOME is added where it is missing, nothing else
    std::string working_directory = "/";
    std::string user; ///< "", "name", "7", "name:group", "7:8"; names are looked up inside the cell
    std::string hostname = "caisson";
    std::vector<std::string>
        capabilities; ///< kept in every set but inheritable and ambient; "CAP_CHOWN"
    Limits limits;
    Architecture architecture = Architecture::kNative; ///< of the image's programs
    Landlock landlock = Landlock::kIfAvailable;
    std::vector<PlanFile> files;
    std::vector<Bind> binds;
    /// What the policy accepts that no cell is given otherwise ("i_accept_…", policies/floor.hh);
    /// it is in the program, and here for people and for the statement.
    std::vector<std::string> accepted;
    std::string seccomp_digest; ///< "sha256:…" of the loaded program; the program itself comes as a
                                ///< descriptor
};

} // namespace caisson::sandbox
