// `caisson verify FILE.tar`: an archive from anywhere, on an auditor's machine. No namespace, which
// an auditor may not have; nothing is needed of the host but the open file, so all else is given
// up.
#include "sandbox/chamber/member_mode.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/archive_member.hh"
#include "sandbox/chamber/handshake.hh"
#include "sandbox/chamber/worker_walls.hh"
#include "sandbox/sys/process.hh"

#include <nlohmann/json.hpp>

namespace caisson::sandbox {
namespace {

constexpr int kStandardOutput = 1;
constexpr rlim_t kMostMemory = 256U << 20; ///< libarchive keeps headers in memory, 1 MiB each
constexpr rlim_t kMostSeconds = 600;       ///< of computing: hundreds of GiB go through in that

void limit(__rlimit_resource resource, rlim_t most)
{
    sys::setrlimit(resource, {most, most});
}

/// For what the filter leaves: it has no call that makes a file, a descriptor or a process.
void set_limits()
{
    limit(RLIMIT_AS, kMostMemory);
    limit(RLIMIT_CPU, kMostSeconds);
    limit(RLIMIT_FSIZE, kMostAnswer); // pipes have none
    limit(RLIMIT_CORE, 1); // to a core_pattern that is a pipe only 1 says "no core": core(5)
}

} // namespace

int run_member_mode(UniqueFd archive, UniqueFd answer, const std::string& name)
{
    std::string text;
    try {
        in_context("start a reader", [] {
            sys::set_parent_death_signal();
            set_limits();
            raise_reader_walls();
        });
        const std::uint64_t bytes = write_archive_member(archive.get(), name, kStandardOutput);
        text = nlohmann::json{{"result", bytes}}.dump();
    } catch (const Error& error) {
        text = error_to_json(error);
    }
    write_all(answer.get(), text);
    return 0;
}

} // namespace caisson::sandbox
