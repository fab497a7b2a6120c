// The cell's pid 1 is ours: it holds nothing but the pipe to the chamber, cannot be read or traced
// from inside, and takes the whole pid namespace with it when the command ends.
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/landlock.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/sys/capability.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"

#include <array>
#include <sys/syscall.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr int kReport = 0; // the only descriptor of init

/// Of system calls it needs these: to wait, to write one line, to end.
constexpr std::array<int, 8> kCalls = {SYS_wait4,
                                       SYS_write,
                                       SYS_brk,
                                       SYS_mmap,
                                       SYS_munmap,
                                       SYS_restart_syscall,
                                       SYS_rt_sigreturn,
                                       SYS_exit_group};

[[noreturn]] void be_init(int report, pid_t command)
{
    sys::dup2(report, kReport);
    sys::close_range(kReport + 1, ~0U);
    confine_init();
    while (const auto ended = sys::wait4(-1)) {
        if (ended->pid != command) continue; // an orphan that came to us
        report_status(kReport, ended->status);
        ::_exit(0); // the kernel ends whatever the command left behind
    }
    ::_exit(1);
}

void require_pipe(int fd, const char* what)
{
    // never a terminal (CVE-2017-5226), a log file that can be reopened, or a socket
    if (!S_ISFIFO(sys::fstat(fd).st_mode))
        throw Error(ErrorKind::kInternal, std::string(what) + " is no pipe");
}

} // namespace

void confine_init()
{
    sys::set_dumpable(false);
    sys::capset(0);
    sys::set_no_new_privileges();
    landlock_deny_everything();
    seccomp_set_filter(filter_that_allows(kCalls)); // last: it forbids every call above
}

void split_off_init(CellSetup& setup)
{
    const pid_t command = sys::fork();
    if (command != 0) be_init(setup.report.get(), command);
}

void take_personality(CellSetup& setup)
{
    // or `uname -m` tells configure scripts of an x86-64 machine, for which they then build
    if (setup.plan.architecture == Architecture::kI386) sys::personality_of_32_bits();
}

void open_session(CellSetup& setup)
{
    require_pipe(setup.output.get(), "standard output");
    require_pipe(setup.errors.get(), "standard error");
    if (setup.input) require_pipe(setup.input.get(), "standard input");
    sys::setsid();
    if (!setup.input) setup.input = open_file("/dev/null", O_RDWR);
    sys::dup2(setup.input.get(), 0);
    sys::dup2(setup.output.get(), 1);
    sys::dup2(setup.errors.get(), 2);
}

} // namespace caisson::sandbox
