// Whether a run of the tests leaves anything behind.
//   find_leftovers watch COMMAND…
//       runs COMMAND (ctest) where it can be looked at afterwards: every process below it stays
//       below it, TMPDIR is its own; ends what is left
//   find_leftovers check
//       the last test of such a run: fails and names what is left so far
#include "tests/leftovers/traces.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace caisson::leftovers {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kRun = "CAISSON_TEST_RUN"; ///< the directory of the run, for `check`
constexpr int kSkipped = 77;                     ///< SKIP_RETURN_CODE
constexpr int kUsage = 2;
constexpr auto kGrace = 1s; ///< the kernel takes a moment to end a pid namespace

// Below the directory of a run:
constexpr const char* kTemporary = "tmp";
constexpr const char* kBefore = "before";
constexpr const char* kWatcher = "watcher";

std::set<std::string> lines_of(const fs::path& path)
{
    std::set<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        lines.insert(line);
    return lines;
}

fs::path begin_run()
{
    // no capitals: buildah takes an oci: path that has one for no reference
    fs::path run = fs::temp_directory_path() / ("caisson-run-" + std::to_string(::getpid()));
    fs::create_directory(run);
    // as /tmp is: some tests become other users on the way
    fs::create_directory(run / kTemporary);
    fs::permissions(run / kTemporary, static_cast<fs::perms>(01777));
    std::ofstream before(run / kBefore);
    for (const std::string& trace : traces_now())
        before << trace << '\n';
    std::ofstream(run / kWatcher) << ::getpid();
    ::setenv(kRun, run.c_str(), 1);
    ::setenv("TMPDIR", (run / kTemporary).c_str(), 1);
    return run;
}

/// The exit code of `child`; whatever else ends below us is reaped on the way.
int wait_for(pid_t child)
{
    for (;;) {
        int status = 0;
        const pid_t ended = ::waitpid(-1, &status, 0);
        if (ended < 0 && errno != EINTR) return 1;
        if (ended == child) return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

void end_what_is_left()
{
    for (int tries = 0; tries < 100; ++tries) {
        const std::vector<Process> left = descendants_of(::getpid());
        for (const Process& process : left)
            ::kill(process.pid, SIGKILL);
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        if (left.empty()) return;
        std::this_thread::sleep_for(20ms);
    }
}

int watch(char** command)
{
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        std::perror("leftovers: PR_SET_CHILD_SUBREAPER");
        return 1;
    }
    const fs::path run = begin_run();
    // an interrupt typed at the terminal is the command's; what it leaves is still ours to end
    (void)::signal(SIGINT, SIG_IGN);
    const pid_t child = ::fork();
    if (child == 0) {
        (void)::signal(SIGINT, SIG_DFL);
        ::execvp(command[0], command);
        std::perror(command[0]);
        ::_exit(127);
    }
    const int code = child < 0 ? 1 : wait_for(child);
    end_what_is_left();
    std::error_code kept; // trees of subordinate ids, which only a chamber could remove
    fs::remove_all(run, kept);
    return code;
}

/// A line for each thing that is there now and was not before the run.
std::vector<std::string> find_left(const fs::path& run)
{
    std::vector<std::string> left;
    const std::set<std::string> before = lines_of(run / kBefore);
    const std::set<std::string> now = traces_now();
    std::set_difference(
        now.begin(), now.end(), before.begin(), before.end(), std::back_inserter(left));
    for (const std::string& file : files_below(run / kTemporary))
        left.push_back("temporary file " + file);
    pid_t watcher = 0;
    std::ifstream(run / kWatcher) >> watcher;
    for (const Process& process : descendants_of(watcher))
        left.push_back("process " + std::to_string(process.pid) + ": " + process.command);
    return left;
}

int check()
{
    const char* run = std::getenv(kRun);
    if (run == nullptr) {
        std::puts("scripts/test starts the runs that this can look at");
        return kSkipped;
    }
    const auto deadline = std::chrono::steady_clock::now() + kGrace;
    std::vector<std::string> left = find_left(run);
    while (!left.empty() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(50ms);
        left = find_left(run);
    }
    for (const std::string& line : left)
        std::printf("left behind: %s\n", line.c_str());
    return left.empty() ? 0 : 1;
}

} // namespace
} // namespace caisson::leftovers

int main(int argc, char** argv)
{
    if (argc == 2 && std::strcmp(argv[1], "check") == 0) return caisson::leftovers::check();
    if (argc > 2 && std::strcmp(argv[1], "watch") == 0) return caisson::leftovers::watch(argv + 2);
    (void)std::fputs("find_leftovers watch COMMAND… | check\n", stderr);
    return caisson::leftovers::kUsage;
}
