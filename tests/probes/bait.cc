#include "tests/probes/bait.hh"

#include "tests/probes/kernel.hh"

#include <arpa/inet.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <string>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace caisson::probes {
namespace {

constexpr int kNotStarted = 125;
Bait laid; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): set once, by main
bool is_laid = false; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

int listen_on_loopback()
{
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const name = reinterpret_cast<sockaddr*>(&address);
    if (::bind(server, name, size) != 0 || ::listen(server, 16) != 0 ||
        ::getsockname(server, name, &size) != 0)
        return 0;
    return ntohs(address.sin_port);
}

void listen_on_abstract_socket()
{
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    const std::string name = bait_name();
    name.copy(address.sun_path + 1, sizeof address.sun_path - 2);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    if (::bind(server, reinterpret_cast<const sockaddr*>(&address), size) == 0)
        ::listen(server, 16);
}

void write_file(const std::string& path)
{
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0) return;
    if (::write(file, "bait\n", 5) != 5) ::unlink(path.c_str());
    ::close(file);
}

/// What lies about, and is taken away at the end.
class OutsideThings {
public:
    OutsideThings()
    {
        listen_on_abstract_socket();
        segment_ = ::shmget(laid.pid, 4096, IPC_CREAT | 0666);
        queue_ = ::mq_open(("/" + bait_name()).c_str(), O_CREAT | O_RDWR, 0666, nullptr);
        write_file(bait_file());
        write_file("/dev/shm/" + bait_name());
        ::flock(::open(bait_file().c_str(), O_RDONLY | O_CLOEXEC), LOCK_EX);
        const std::string description = bait_name();
        call(SYS_add_key, "user", description.c_str(), "bait", 4, KEY_SPEC_SESSION_KEYRING);
    }

    ~OutsideThings()
    {
        if (segment_ >= 0) ::shmctl(segment_, IPC_RMID, nullptr);
        if (queue_ >= 0) ::mq_unlink(("/" + bait_name()).c_str());
        ::unlink(bait_file().c_str());
        ::unlink(("/dev/shm/" + bait_name()).c_str());
    }

    OutsideThings(const OutsideThings&) = delete;
    OutsideThings& operator=(const OutsideThings&) = delete;

private:
    int segment_ = -1;
    mqd_t queue_ = -1;
};

/// A terminal of which the command gets the slave: as standard input, and to control it.
int open_terminal(int& slave)
{
    const int master = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || ::grantpt(master) != 0 || ::unlockpt(master) != 0) return -1;
    char name[64] = {};
    if (::ptsname_r(master, name, sizeof name) != 0) return -1;
    slave = ::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    return master;
}

sigset_t endings()
{
    sigset_t set;
    sigemptyset(&set);
    for (const int each : {SIGCHLD, SIGTERM, SIGINT, SIGHUP})
        sigaddset(&set, each);
    return set;
}

/// A supplementary group, capabilities that pass to every program: where they are the launcher's to
/// give.
void hand_on_rights()
{
    constexpr gid_t kAdministrators = 4; // adm: reads the host's logs
    call(SYS_setgroups, 1, &kAdministrators);
    __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct sets[2] = {};
    call(SYS_capget, &header, sets);
    sets[0].inheritable = sets[0].permitted;
    sets[1].inheritable = sets[1].permitted;
    call(SYS_capset, &header, sets);
    call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0);
}

[[noreturn]] void start_command(char** command)
{
    const sigset_t set = endings();
    ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
    hand_on_rights();
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setenv(kLeakedVariable, bait_name().c_str(), 1); // NOLINT(concurrency-mt-unsafe): one thread
    ::dup2(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), kLeakedDirectory);
    ::dup2(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), kLeakedSocket);
    ::execvp(command[0], command);
    std::perror(command[0]);
    ::_exit(kNotStarted);
}

int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Waits for the command; where we are told to end, it is ended first. The signals are blocked.
int wait_for_command(pid_t command)
{
    if (command < 0) return kNotStarted;
    const sigset_t set = endings();
    int status = 0;
    while (::waitpid(command, &status, WNOHANG) != command)
        if (::sigwaitinfo(&set, nullptr) != SIGCHLD) ::kill(command, SIGKILL);
    return exit_status(status);
}

std::string with_token(std::string argument, const std::string& token)
{
    constexpr const char* kPlace = "@token";
    for (std::size_t at = 0; (at = argument.find(kPlace, at)) != std::string::npos;)
        argument.replace(at, std::char_traits<char>::length(kPlace), token);
    return argument;
}

/// The launcher of the sandbox: the leader of a session with a terminal, in the middle of the bait.
int be_launcher(char** command, int terminal)
{
    const sigset_t set = endings();
    ::sigprocmask(SIG_BLOCK, &set, nullptr); // what lies about is to be taken away again
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::setsid();
    if (terminal >= 0) {
        ::ioctl(terminal, TIOCSCTTY, 0);
        ::dup2(terminal, STDIN_FILENO);
    }
    laid.pid = ::getpid();
    laid.port = listen_on_loopback();
    const std::string token = std::to_string(laid.pid) + "." + std::to_string(laid.port);
    const OutsideThings things;

    std::vector<std::string> words;
    for (char** word = command; *word != nullptr; ++word)
        words.push_back(with_token(*word, token));
    std::vector<char*> arguments;
    arguments.reserve(words.size() + 1);
    for (std::string& each : words)
        arguments.push_back(each.data());
    arguments.push_back(nullptr);

    const pid_t child = ::fork();
    if (child == 0) start_command(arguments.data());
    return wait_for_command(child);
}

} // namespace

const Bait* bait()
{
    return is_laid ? &laid : nullptr;
}

bool know_bait(const std::string& token)
{
    is_laid = std::sscanf(token.c_str(), "%d.%d", &laid.pid, &laid.port) == 2;
    return is_laid;
}

std::string bait_name()
{
    return "caisson-bait-" + std::to_string(laid.pid) + "." + std::to_string(laid.port);
}

std::string bait_file()
{
    return "/var/tmp/" + bait_name();
}

int run_in_the_middle_of_bait(char** command)
{
    int terminal = -1;
    const int master = open_terminal(terminal);
    const pid_t child = ::fork();
    if (child == 0) ::_exit(be_launcher(command, terminal));
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child) return kNotStarted;
    if (master >= 0) ::close(master);
    return exit_status(status);
}

} // namespace caisson::probes
