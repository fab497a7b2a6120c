#include "sandbox/base/program.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/mman.h>
#include <sys/wait.h>

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

std::string run_program(ProgramOptions options, std::size_t limit)
{
    auto [out_read, out_write] = make_pipe();
    const UniqueFd complaints(::memfd_create("stderr", MFD_CLOEXEC));
    options.standard_output = out_write.get();
    options.standard_error = complaints.get();
    Program program = Program::start(options);
    out_write.reset();
    std::string output =
        read_all(out_read.get(), limit, "the output of \"" + options.path.native() + "\"");
    if (const int status = program.wait(); status != 0) {
        ::lseek(complaints.get(), 0, SEEK_SET);
        std::string said = read_all(complaints.get(), 1U << 16, "standard error");
        while (!said.empty() && said.back() == '\n')
            said.pop_back();
        if (const std::size_t last = said.rfind('\n'); last != std::string::npos)
            said.erase(0, last + 1);
        throw Error(ErrorKind::kHost,
                    "\"" + options.path.native() + "\" ended with status " +
                        std::to_string(status) + (said.empty() ? "" : ": " + said));
    }
    return output;
}

std::filesystem::path own_directory()
{
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

} // namespace caisson
