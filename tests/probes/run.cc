#include "tests/probes/run.hh"

#include "tests/probes/surroundings.hh"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

constexpr std::size_t kMostPerChild = 256;

/// What a child leaves for its parent, in memory that both see.
struct Shared {
    std::atomic<std::size_t> done = 0; ///< attempts whose finding is written
    std::array<Finding, kMostPerChild> findings;
};

Shared* share()
{
    void* const memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? nullptr : new (memory) Shared;
}

[[noreturn]] void
make_attempts(std::span<const Attempt* const> attempts, const RunOptions& options, Shared& shared)
{
    if (options.not_for_children >= 0) ::close(options.not_for_children);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpgid(0, 0); // not a session: what is tried on the terminal needs the one we were given
    for (std::size_t index = 0; index < attempts.size(); ++index) {
        const Finding found = attempts[index]->run();
        shared.findings[index] = found;
        shared.done.store(index + 1);
        if (found.result == Result::kOpen) break; // who knows what is different now
    }
    ::_exit(0);
}

/// Waits for the child's end or for the time of its next attempt to be up. SIGCHLD is blocked.
/// True where it ended by itself.
bool wait_for(pid_t child, std::chrono::milliseconds timeout, const Shared& shared, int& status)
{
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    using Clock = std::chrono::steady_clock;
    std::size_t done = 0;
    auto deadline = Clock::now() + timeout;
    while (true) {
        if (::waitpid(child, &status, WNOHANG) == child) return true;
        const auto now = Clock::now();
        if (const std::size_t reached = shared.done.load(); reached != done) {
            done = reached;
            deadline = now + timeout;
        }
        if (now >= deadline) return false;
        const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(deadline - now);
        const timespec most = {.tv_sec = left.count() / 1'000'000'000,
                               .tv_nsec = left.count() % 1'000'000'000};
        ::sigtimedwait(&ended, nullptr, &most);
    }
}

/// What is to be said of the attempt that a child did not come back from.
Finding judge_end(bool by_itself, int status)
{
    if (!by_itself) return refused_because("it did not return");
    if (WIFSIGNALED(status))
        return refused_because("the child was killed by SIG%s", ::sigabbrev_np(WTERMSIG(status)));
    return refused_because("the child ended with status %d", WEXITSTATUS(status));
}

void end_all_of(pid_t child)
{
    ::kill(-child, SIGKILL);
    ::kill(child, SIGKILL);
    // grandchildren come to us (PR_SET_CHILD_SUBREAPER); their own groups they keep to themselves
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
}

/// Runs one child's share of `attempts` and tells of it: how many are done with.
std::size_t run_child(std::span<const Attempt* const> attempts,
                      const RunOptions& options,
                      Shared& shared,
                      const std::function<void(const Attempt&, const Finding&)>& tell)
{
    shared.done.store(0);
    const pid_t child = ::fork();
    if (child == 0) make_attempts(attempts, options, shared);
    if (child < 0) {
        tell(*attempts[0], refused_because("fork: %s", std::strerror(errno)));
        return 1;
    }
    int status = 0;
    const bool takes_long = (attempts[0]->traits & kAlone) != 0;
    const bool by_itself =
        wait_for(child, takes_long ? options.long_timeout : options.timeout, shared, status);
    end_all_of(child);
    if (!by_itself) ::waitpid(child, nullptr, 0);
    const std::size_t done = shared.done.load();
    for (std::size_t index = 0; index < done; ++index)
        tell(*attempts[index], shared.findings[index]);
    const bool stopped_at_open = done > 0 && shared.findings[done - 1].result == Result::kOpen;
    if (done == attempts.size() || stopped_at_open) return done;
    tell(*attempts[done], judge_end(by_itself, status));
    return done + 1;
}

} // namespace

void run_attempts(std::span<const Attempt* const> attempts,
                  const RunOptions& options,
                  const std::function<void(const Attempt&, const Finding&)>& tell)
{
    Shared* const shared = share();
    if (shared == nullptr) return;
    const ScratchRoot scratch;
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    sigset_t ended;
    sigemptyset(&ended);
    sigaddset(&ended, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &ended, nullptr);
    const std::size_t most = std::min(options.per_child, kMostPerChild);
    while (!attempts.empty()) {
        const std::size_t done =
            run_child(attempts.first(std::min(most, attempts.size())), options, *shared, tell);
        attempts = attempts.subspan(done);
    }
    ::munmap(shared, sizeof(Shared));
}

} // namespace caisson::probes
