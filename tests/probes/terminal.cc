// Terminals: what is typed into one is obeyed by whoever reads it, and its line disciplines are
// kernel code that is seldom looked at.
#include "tests/probes/areas.hh"
#include "tests/probes/kernel.hh"

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <linux/tiocl.h>
#include <linux/tty.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace caisson::probes {
namespace {

constexpr std::uint64_t kHighBits = 1ULL << 32U;

struct Pair {
    int master = -1;
    int slave = -1;
};

Pair open_own_terminal()
{
    Pair pair;
    pair.master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (pair.master < 0 || ::unlockpt(pair.master) != 0) return pair;
    char name[64] = {};
    if (::ptsname_r(pair.master, name, sizeof name) == 0)
        pair.slave = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return pair;
}

Finding type_into(int terminal, std::uint64_t request)
{
    const char character = '\n';
    return judge(call(SYS_ioctl, terminal, request, &character), "ioctl(TIOCSTI)");
}

template<std::uint64_t request>
Finding type_into_input()
{
    for (int fd = 0; fd < 3; ++fd)
        if (::isatty(fd) == 1) return type_into(fd, request);
    const int controlling = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (controlling < 0) return absent_because("there is no terminal");
    return type_into(controlling, request);
}

template<std::uint64_t request>
Finding type_into_own()
{
    const Pair pair = open_own_terminal();
    if (pair.slave < 0) return absent_because("there is no terminal to be had");
    return type_into(pair.slave, request);
}

/// A console pastes; any other terminal says ENOTTY, when the request got there.
template<std::uint64_t request>
Finding paste()
{
    const Pair pair = open_own_terminal();
    if (pair.slave < 0) return absent_because("there is no terminal to be had");
    const char what = TIOCL_GETSHIFTSTATE;
    const long answer = call(SYS_ioctl, pair.slave, request, &what);
    return answer == -ENOTTY || answer == -EINVAL
               ? open_because("ioctl(TIOCLINUX) gets to the driver")
               : judge(answer, "ioctl(TIOCLINUX)");
}

template<int discipline>
Finding set_discipline()
{
    const Pair pair = open_own_terminal();
    if (pair.slave < 0) return absent_because("there is no terminal to be had");
    int number = discipline;
    const long answer = call(SYS_ioctl, pair.slave, TIOCSETD, &number);
    return answer == -EINVAL || answer == -ENODEV
               ? open_because("the kernel looks for line discipline %d", discipline)
               : judge(answer, "ioctl(TIOCSETD)");
}

Finding become_console()
{
    const Pair pair = open_own_terminal();
    if (pair.slave < 0) return absent_because("there is no terminal to be had");
    const long answer = call(SYS_ioctl, pair.slave, TIOCCONS, 0);
    if (answer == 0) { // give it back: the console's own driver takes it by the same request
        const int console = ::open("/dev/console", O_RDWR | O_NOCTTY | O_CLOEXEC);
        call(SYS_ioctl, console, TIOCCONS, 0);
    }
    // somebody else is it: to ask was allowed
    return answer == -EBUSY ? open_because("ioctl(TIOCCONS): EBUSY")
                            : judge(answer, "ioctl(TIOCCONS)");
}

Finding have_terminal_as_input()
{
    for (int fd = 0; fd < 3; ++fd)
        if (::isatty(fd) == 1) return open_because("descriptor %d is a terminal", fd);
    return refused_because("none of 0, 1 and 2 is a terminal");
}

Finding have_controlling_terminal()
{
    const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (terminal < 0) return refused_because("there is no controlling terminal");
    return open_because("/dev/tty opens");
}

/// Another session's terminal, taken: root only.
Finding take_terminal()
{
    const Pair pair = open_own_terminal();
    if (pair.slave < 0) return absent_because("there is no terminal to be had");
    constexpr long kSteal = 1;
    const pid_t child = ::fork();
    if (child == 0) {
        ::setsid();
        const long owned = call(SYS_ioctl, pair.slave, TIOCSCTTY, 0);
        const pid_t thief = owned == 0 ? ::fork() : -1;
        if (thief == 0) {
            ::setsid();
            ::_exit(call(SYS_ioctl, pair.slave, TIOCSCTTY, kSteal) == 0 ? 7 : 1);
        }
        int status = 0;
        ::waitpid(thief, &status, 0);
        ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    constexpr int kTaken = 7;
    if (WIFEXITED(status) && WEXITSTATUS(status) == kTaken)
        return open_because("ioctl(TIOCSCTTY, 1) takes another session's terminal");
    return refused_because("ioctl(TIOCSCTTY, 1) is refused");
}

/// In a session of its own, which has no terminal: so nothing is hung up.
Finding hang_up()
{
    const pid_t child = ::fork();
    if (child == 0) {
        if (::setsid() < 0) ::_exit(EPERM);
        ::_exit(static_cast<int>(-call(SYS_vhangup)));
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return absent_because("fork failed");
    if (!WIFEXITED(status)) return refused_because("vhangup ended the process");
    return judge(-WEXITSTATUS(status), "vhangup");
}

constexpr Attempt kAttempts[] = {
    {"tty.input_is_terminal",
     Severity::kShould,
     kCheap,
     "the terminal of whoever started the sandbox",
     have_terminal_as_input},
    {"tty.controlling",
     Severity::kShould,
     kCheap,
     "the same by /dev/tty",
     have_controlling_terminal},
    {"tty.type_into_input",
     Severity::kMust,
     kCheap,
     "a command into the shell outside (CVE-2017-5226)",
     type_into_input<TIOCSTI>},
    {"tty.type_into_input_high_bits",
     Severity::kMust,
     kCheap,
     "past a filter that compares 64 bits (CVE-2019-10063)",
     type_into_input<TIOCSTI | kHighBits>},
    {"tty.type_into_own", Severity::kShould, kCheap, "TIOCSTI is there", type_into_own<TIOCSTI>},
    {"tty.type_into_own_high_bits",
     Severity::kShould,
     kCheap,
     "the same past a filter that compares 64 bits",
     type_into_own<TIOCSTI | kHighBits>},
    {"tty.paste",
     Severity::kShould,
     kCheap,
     "paste into a console (CVE-2023-28100)",
     paste<TIOCLINUX>},
    {"tty.paste_high_bits",
     Severity::kShould,
     kCheap,
     "the same past a filter that compares 64 bits",
     paste<TIOCLINUX | kHighBits>},
    {"tty.discipline_gsm",
     Severity::kShould,
     kCheap,
     "a line discipline of a modem (CVE-2023-6546)",
     set_discipline<N_GSM0710>},
    {"tty.discipline_hdlc",
     Severity::kShould,
     kCheap,
     "another, loaded on demand (CVE-2017-2636)",
     set_discipline<N_HDLC>},
    {"tty.become_console", Severity::kMust, kCheap, "the kernel's messages", become_console},
    {"tty.take", Severity::kMust, 0, "another session's terminal", take_terminal},
    {"tty.hang_up", Severity::kShould, 0, "CAP_SYS_TTY_CONFIG: vhangup", hang_up},
};

} // namespace

std::span<const Attempt> terminal_attempts()
{
    return kAttempts;
}

} // namespace caisson::probes
