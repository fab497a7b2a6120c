#include "sandbox/chamber/worker.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/chamber/overlay.hh"
#include "sandbox/chamber/worker_walls.hh"
#include "sandbox/sys/mount.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

// The only descriptors a worker has: standard streams on /dev/null, and these.
constexpr int kResult = 3;
constexpr int kStream = 4;
constexpr int kParked = 64; // the parking place while numbers are exchanged

/// PDEATHSIG follows the thread that forked; the check closes the gap before it was set.
void die_with(pid_t chamber)
{
    sys::set_parent_death_signal();
    if (::getppid() != chamber) ::_exit(1);
}

/// No network namespace of its own (0.6 ms each): the chamber's is empty already, and the filter
/// refuses every socket.
void detach_mounts()
{
    if (::unshare(CLONE_NEWNS) != 0) throw SysError(errno, "unshare(CLONE_NEWNS)");
    sys::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
}

/// Mounts the view on top of the directory of trees: it is the one path that surely exists, and in
/// this namespace nobody else looks at it.
void mount_view(const TreesHere& trees, const WorkerView& view)
{
    const char* target = trees.path.c_str();
    const int here = trees.directory.get();
    if (!view.raw) return mount_tree(here, view.lowers, view.upper, target);
    if (!view.upper.empty()) return mount_tree(here, {}, view.upper, target);
    const UniqueFd all = sys::open_tree(here, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
    sys::mount_setattr(all.get(), "", AT_EMPTY_PATH, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    sys::move_mount(all.get(), "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
}

/// From here on no other path resolves.
void enter_view(int trees, const WorkerView& view)
{
    const TreesHere here = trees_here(trees);
    mount_view(here, view);
    if (::chdir(here.path.c_str()) != 0) throw SysError(errno, "chdir to the view");
    sys::pivot_root(".", ".");
    sys::umount2(".", MNT_DETACH); // the old root lies on top of the new one: pivot_root(2), NOTES
    if (::chdir("/") != 0) throw SysError(errno, "chdir to the new root");
}

void move_descriptor(int from, int to)
{
    if (::dup2(from, to) < 0) throw SysError(errno, "dup2");
}

/// Leaves 0, 1, 2 (`null`, which it takes), kResult and, where there is one, kStream.
void keep_descriptors(UniqueFd null, int result, int stream)
{
    const int parked_null = ::fcntl(null.get(), F_DUPFD_CLOEXEC, kParked);
    const int parked_result = ::fcntl(result, F_DUPFD_CLOEXEC, kParked);
    const int parked_stream = stream < 0 ? -1 : ::fcntl(stream, F_DUPFD_CLOEXEC, kParked);
    if (parked_null < 0 || parked_result < 0 || (stream >= 0 && parked_stream < 0))
        throw SysError(errno, "fcntl(F_DUPFD)");
    for (const int standard : {0, 1, 2})
        move_descriptor(parked_null, standard);
    move_descriptor(parked_result, kResult);
    if (stream >= 0) move_descriptor(parked_stream, kStream);
    null.reset();
    const unsigned first = stream >= 0 ? kStream + 1 : kResult + 1;
    sys::close_range(first, ~0U);
}

/// Everything between the fork and the body, in order.
void raise_walls(int trees, const WorkerView& view, int stream, int& result, UniqueFd& root)
{
    UniqueFd null = open_file("/dev/null", O_RDWR); // before the path is out of sight
    detach_mounts();
    enter_view(trees, view);
    keep_descriptors(std::move(null), result, stream);
    result = kResult;
    root = open_file("/", O_RDONLY | O_DIRECTORY);
    ::umask(0); // modes are those of the archive
    raise_worker_walls();
}

void work(int trees,
          const WorkerView& view,
          int stream,
          int result,
          const std::function<std::string(int, int)>& body)
{
    std::string answer;
    try {
        UniqueFd root;
        in_context("start a worker", [&] { raise_walls(trees, view, stream, result, root); });
        answer = "{\"result\":" + body(root.get(), stream < 0 ? -1 : kStream) + "}";
    } catch (const Error& error) {
        answer = "{\"error\":" + error_to_json(error) + "}";
    }
    write_all(result, answer);
}

} // namespace

Worker start_worker(int trees,
                    const WorkerView& view,
                    int stream,
                    const std::function<std::string(int root, int stream)>& body)
{
    auto [read_end, write_end] = make_pipe();
    const pid_t chamber = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw SysError(errno, "fork");
    if (pid == 0) {
        die_with(chamber);
        // a reader that is gone is an error of the write, not a death
        if (::signal(SIGPIPE, SIG_IGN) == SIG_ERR) ::_exit(1);
        work(trees, view, stream, write_end.get(), body);
        ::_exit(0);
    }
    return {pid, std::move(read_end)};
}

} // namespace caisson::sandbox
