// From a prepared process to the command.
#include "sandbox/base/error.hh"
#include "sandbox/base/seccomp.hh"
#include "sandbox/cell/report.hh"
#include "sandbox/cell/setup.hh"
#include "sandbox/cell/steps.hh"
#include "sandbox/cell/supervisor.hh"
#include "sandbox/sys/path.hh"
#include "sandbox/sys/process.hh"
#include "sandbox/sys/seccomp_notify.hh"

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kLargestFilter = BPF_MAXINSNS * sizeof(sock_filter);
constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// the codes of a shell (POSIX, "Exit Status for Commands")
constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;

[[noreturn]] void give_up(const CellSetup& setup, int code, const std::string& why)
{
    report_not_found(setup.report.get(), code, "\"" + setup.plan.argv[0] + "\": " + why);
    ::_exit(code);
}

std::string_view search_path(const CellSetup& setup)
{
    constexpr std::string_view kName = "PATH=";
    for (const std::string_view entry : setup.plan.environment)
        if (entry.starts_with(kName)) return entry.substr(kName.size());
    return kDefaultPath;
}

enum class Found { kNothing, kUseless, kProgram };

Found look_at(const std::string& path)
{
    struct stat entry = {};
    if (::stat(path.c_str(), &entry) != 0)
        return errno == EACCES ? Found::kUseless : Found::kNothing;
    const bool runs = S_ISREG(entry.st_mode) && ::access(path.c_str(), X_OK) == 0;
    return runs ? Found::kProgram : Found::kUseless;
}

std::vector<char*> pointers(const std::vector<std::string>& strings)
{
    std::vector<char*> list;
    list.reserve(strings.size() + 1);
    for (const std::string& string : strings)
        list.push_back(const_cast<char*>(string.c_str()));
    list.push_back(nullptr);
    return list;
}

} // namespace

void enter_working_directory(CellSetup& setup)
{
    const std::string& directory = setup.plan.working_directory;
    if (::chdir(directory.c_str()) != 0)
        throw Error(ErrorKind::kInput, "\"" + directory + "\": " + error_text(errno));
    // CVE-2024-21626: a directory reached through a descriptor of the host lies outside the root
    if (!sys::getcwd().starts_with('/'))
        throw Error(ErrorKind::kInput, "the working directory lies outside the root");
}

void find_program(CellSetup& setup)
{
    const std::string& name = setup.plan.argv.at(0);
    if (name.empty()) give_up(setup, kNotFound, "no such command");
    if (name.find('/') != std::string::npos) {
        setup.program = name;
        return;
    }
    bool seen = false;
    std::string_view rest = search_path(setup);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(':'), rest.size());
        const std::string directory(end == 0 ? "." : rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        const std::string path = directory + "/" + name;
        const Found found = look_at(path);
        if (found == Found::kProgram) {
            setup.program = path;
            return;
        }
        seen = seen || found == Found::kUseless;
    }
    if (seen) give_up(setup, kNotExecutable, "not executable");
    give_up(setup, kNotFound, "not found in PATH");
}

void read_filter(CellSetup& setup)
{
    const auto size = static_cast<std::size_t>(sys::fstat(setup.filter.get()).st_size);
    if (size == 0 || size > kLargestFilter || size % sizeof(sock_filter) != 0)
        throw Error(ErrorKind::kInternal, "the system call filter is no BPF program");
    setup.system_calls.resize(size / sizeof(sock_filter));
    // by place: other cells read the same open file at the same time
    if (::pread(setup.filter.get(), setup.system_calls.data(), size, 0) !=
        static_cast<ssize_t>(size))
        throw Error(ErrorKind::kInternal, "the system call filter was cut short");
}

void meet_supervisor(CellSetup& setup)
{
    if (setup.supervisor) await_supervisor(*setup.supervisor);
}

void close_all_but(std::vector<int> kept)
{
    std::sort(kept.begin(), kept.end());
    unsigned first = STDERR_FILENO + 1;
    for (const int fd : kept) {
        if (fd < 0) continue;
        const auto next = static_cast<unsigned>(fd);
        if (next > first) sys::close_range(first, next - 1);
        first = std::max(first, next + 1);
    }
    sys::close_range(first, ~0U);
}

void close_unlisted(CellSetup& setup)
{
    // what stays open is closed by execve
    close_all_but({setup.report.get(), setup.supervisor ? setup.supervisor->fd() : -1});
}

/// The environment of the plan. HOME is known only here, behind the pivot, where the tree's passwd
/// can be read; container runtimes set it too, and compilers and package managers do not run
/// without.
std::vector<std::string> with_home(const CellSetup& setup)
{
    std::vector<std::string> variables = setup.plan.environment;
    const auto is_home = [](const std::string& entry) { return entry.starts_with("HOME="); };
    if (std::none_of(variables.begin(), variables.end(), is_home))
        variables.push_back("HOME=" + setup.user.home);
    return variables;
}

void filter_and_execute(CellSetup& setup)
{
    const std::vector<char*> arguments = pointers(setup.plan.argv);
    const std::vector<std::string> variables = with_home(setup);
    const std::vector<char*> environment = pointers(variables);
    report_ready(setup.report.get(), setup.landlock_abi);

    // nothing more between the filter and execve: it may forbid it
    if (setup.supervisor) {
        const UniqueFd listener = sys::seccomp_listen(setup.system_calls);
        send_listener(*setup.supervisor, listener.get());
    } else {
        seccomp_set_filter(setup.system_calls);
    }
    const int number = sys::execve(setup.program.c_str(), arguments.data(), environment.data());

    give_up(setup,
            number == ENOENT ? kNotFound : kNotExecutable,
            number == ENOENT && ::access(setup.program.c_str(), F_OK) == 0
                ? "its interpreter is not there"
                : error_text(number));
}

} // namespace caisson::sandbox
