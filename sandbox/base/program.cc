#include "sandbox/base/program.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <limits>
#include <linux/close_range.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson {

namespace bp = boost::process;

namespace {

/// Moves the wanted descriptors to their numbers in the child, between fork and exec.
/// Boost's own posix::fd.bind does not close the rest, and two binds can overwrite each other.
struct WireDescriptors : bp::extend::handler {
    const ProgramOptions& options; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)

    explicit WireDescriptors(const ProgramOptions& wanted)
        : options(wanted)
    {}

    template<class Executor>
    void on_exec_setup(Executor& executor) const
    {
        constexpr int kParked =
            512; // above every number in use, so that no move overwrites a source
        const auto fail = [&](const char* what) {
            executor.set_error(std::error_code(errno, std::system_category()), what);
        };
        std::array<std::pair<int, int>, 3> standard = {{{0, options.standard_input},
                                                        {1, options.standard_output},
                                                        {2, options.standard_error}}};
        int parked = kParked;
        const auto park = [&](int fd) { return ::fcntl(fd, F_DUPFD, parked++); };
        const int null = ::open("/dev/null", O_RDWR); // NOLINT(android-cloexec-open): for the child
        if (null < 0) return fail("open /dev/null");
        std::array<int, 3> sources = {};
        for (std::size_t index = 0; index < 3; ++index)
            if ((sources[index] =
                     park(standard[index].second < 0 ? null : standard[index].second)) < 0)
                return fail("duplicate a standard stream");
        const int first_extra = parked;
        for (const auto& [target, fd] : options.descriptors)
            if (::dup2(fd, parked++) < 0) return fail("duplicate a descriptor");
        for (std::size_t index = 0; index < 3; ++index)
            if (::dup2(sources[index], static_cast<int>(index)) < 0)
                return fail("set a standard stream");
        // not closed but marked: among them is the pipe by which Boost reports a failed execve
        ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
        if (options.confined && !confine()) return fail("confine the program");
        int source = first_extra;
        for (const auto& [target, fd] : options.descriptors) {
            if (::dup2(source++, target) < 0) return fail("set a descriptor");
        }
        // a mask or an ignored signal would be inherited through execve
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD})
            (void)::signal(number, SIG_DFL);
    }

    [[nodiscard]] bool confine() const
    {
        // 1, not 0: with a pipe in core_pattern the kernel ignores 0 (fs/coredump.c)
        const rlimit no_core = {.rlim_cur = 1, .rlim_max = 1};
        return ::setrlimit(RLIMIT_CORE, &no_core) == 0 &&
               ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
               (options.landlock_ruleset < 0 ||
                ::syscall(SYS_landlock_restrict_self, options.landlock_ruleset, 0) == 0);
    }
};

} // namespace

struct Program::State {
    bp::child child;
};

Program::Program(std::unique_ptr<State> state) noexcept
    : state_(std::move(state))
{}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&& other) noexcept
{
    std::swap(state_, other.state_);
    return *this;
}

Program::~Program()
{
    if (!state_) return;
    kill();
    int status = 0;
    while (::waitpid(state_->child.id(), &status, 0) < 0 && errno == EINTR) {
    }
    state_->child.detach();
}

Program Program::start(const ProgramOptions& options)
{
    bp::environment environment;
    for (const std::string& entry : options.environment) {
        const std::size_t equals = entry.find('=');
        environment[entry.substr(0, equals)] = entry.substr(equals + 1);
    }
    auto state = std::make_unique<State>();
    std::error_code failure;
    state->child = bp::child(bp::exe = options.path.native(),
                             bp::args = options.arguments,
                             environment,
                             WireDescriptors(options),
                             failure);
    if (failure)
        throw Error(ErrorKind::kHost,
                    "start \"" + options.path.native() + "\": " + failure.message(),
                    "the programs of caisson lie in one directory; is the installation whole?");
    return Program(std::move(state));
}

pid_t Program::pid() const
{
    return state_->child.id();
}

int Program::wait()
{
    int status = 0;
    pid_t ended = 0;
    do
        ended = ::waitpid(state_->child.id(), &status, 0);
    while (ended < 0 && errno == EINTR);
    state_->child.detach();
    state_.reset();
    if (ended < 0) throw SysError(errno, "waitpid");
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void Program::kill() noexcept
{
    if (state_) ::kill(state_->child.id(), SIGKILL);
}

namespace {

using Deadline = std::chrono::steady_clock::time_point;

/// Waits until a descriptor can be read, a pidfd until its process has ended; not beyond the
/// deadline.
void await(int descriptor, Deadline deadline, const std::string& path)
{
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        constexpr std::int64_t kMost = std::numeric_limits<int>::max();
        const auto wait = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kMost));
        pollfd ready = {.fd = descriptor, .events = POLLIN, .revents = 0};
        const int count = ::poll(&ready, 1, wait);
        if (count > 0) return;
        if (count < 0 && errno != EINTR) throw SysError(errno, "poll");
        if (count == 0) throw Error(ErrorKind::kHost, "\"" + path + "\" takes too long");
    }
}

/// All that comes out of a pipe, as read_all, but not for longer than until the deadline.
std::string read_until(int pipe, std::size_t limit, Deadline deadline, const std::string& path)
{
    std::string output;
    std::array<char, 4096> buffer = {};
    for (;;) {
        await(pipe, deadline, path);
        const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read the output of \"" + path + "\"");
        if (got == 0) return output;
        output.append(buffer.data(), static_cast<std::size_t>(got));
        if (output.size() > limit) throw Error(ErrorKind::kHost, "\"" + path + "\" says too much");
    }
}

/// Of however much there is before it.
std::string last_line_of(int file)
{
    constexpr off_t kLongestLine = 1 << 12;
    const off_t size = ::lseek(file, 0, SEEK_END);
    ::lseek(file, std::max<off_t>(size - kLongestLine, 0), SEEK_SET);
    std::string said = read_all(file, kLongestLine, "standard error");
    while (!said.empty() && said.back() == '\n')
        said.pop_back();
    if (const std::size_t last = said.rfind('\n'); last != std::string::npos)
        said.erase(0, last + 1);
    return said;
}

} // namespace

ProgramEnd
run_to_end(ProgramOptions options, std::size_t limit, std::chrono::milliseconds time_limit)
{
    const std::string path = options.path.native();
    const Deadline deadline =
        time_limit.count() == 0 ? Deadline::max() : std::chrono::steady_clock::now() + time_limit;
    auto [out_read, out_write] = make_pipe();
    const UniqueFd complaints(::memfd_create("stderr", MFD_CLOEXEC));
    options.standard_output = out_write.get();
    options.standard_error = complaints.get();
    Program program = Program::start(options);
    out_write.reset();
    ProgramEnd end;
    end.output = read_until(out_read.get(), limit, deadline, path);
    // one that has closed its output may still be about something
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, program.pid(), 0)));
    if (!process) throw SysError(errno, "pidfd_open");
    await(process.get(), deadline, path);
    end.status = program.wait();
    end.complaint = last_line_of(complaints.get());
    return end;
}

std::string run_program(ProgramOptions options, std::size_t limit)
{
    const std::string path = options.path.native();
    ProgramEnd end = run_to_end(std::move(options), limit);
    if (end.status != 0)
        throw Error(ErrorKind::kHost,
                    "\"" + path + "\" ended with status " + std::to_string(end.status) +
                        (end.complaint.empty() ? "" : ": " + end.complaint));
    return std::move(end.output);
}

std::filesystem::path own_directory()
{
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

} // namespace caisson
