#include "sandbox/cgroup/sweep.hh"

#include "sandbox/base/unique_fd.hh"
#include "sandbox/cgroup/group.hh"
#include "sandbox/sys/path.hh"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <thread>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 2s;

UniqueFd try_open_directory(int parent, const std::string& name)
{
    return UniqueFd(
        ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/// Ends whatever is in a group. cgroup.kill (Linux 5.14, version 2) does it at once; elsewhere no
/// process may fork any more first, so that none escapes between the reading and the killing.
void end_processes(int group)
{
    if (write_group_file(group, "cgroup.kill", "1")) return;
    write_group_file(group, "pids.max", "0");
    for (const pid_t process : processes_of(group))
        if (process > 0) ::kill(process, SIGKILL);
}

/// The group, those below it first.
void remove_group(int parent, const std::string& name)
{
    const UniqueFd group = try_open_directory(parent, name);
    if (!group) return;
    end_processes(group.get());
    const auto below = sys::read_directory_if_present(group.get());
    if (!below) return;
    for (const sys::DirectoryEntry& entry : *below)
        if (entry.type == DT_DIR) remove_group(group.get(), entry.name);
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno == EBUSY &&
           std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(2ms);
        end_processes(group.get());
    }
}

} // namespace

void sweep_groups(int place)
{
    for (const sys::DirectoryEntry& entry : sys::read_directory(place)) {
        if (entry.type != DT_DIR || !entry.name.starts_with(kGroupPrefix)) continue;
        const UniqueFd group = try_open_directory(place, entry.name);
        // held until the group is gone: two sweeps at once do not get in each other's way
        if (group && ::flock(group.get(), LOCK_EX | LOCK_NB) == 0) remove_group(place, entry.name);
    }
}

} // namespace caisson::sandbox
